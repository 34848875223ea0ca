//! A shop whose notifications the real worker's batch processes.

use std::time::Duration;

use alipay::{Charset, Form, Notification, Protocol};
use chrono::Utc;
use order::MerchantAccount;
use queue::{MessageKind, message_id};
use testkit::Sandbox;
use worker::batch::Outcome;
use worker::batch::{Rules, restock, run};
use worker::message::Rejection;
use worker::message::{Content, InboundMessage};

use crate::program::Ops;

const RULES: Rules = Rules { events: true, overtake_limit: Duration::from_secs(600) };

/// A shop with a worker's batch.
pub(crate) struct Shop {
    pub(crate) ops: Ops,
    pub(crate) connection: store::Connection,
    _sandbox: Sandbox,
}

impl Shop {
    pub(crate) fn new() -> Shop {
        let sandbox = Sandbox::database_only();
        let ops = Ops::with_schema(&sandbox);
        let connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
        ops.run("product add gift --name Gift --kind stock --price 10").done();
        Shop { ops, connection, _sandbox: sandbox }
    }

    pub(crate) fn stock(&self, codes: &str) {
        let arguments = ["stock", "import", "gift", "--file", "-"];
        self.ops.run_with(&arguments, codes.as_bytes()).done();
    }

    /// What the worker does with a verified form, as the merchant `shop`.
    pub(crate) fn hear(&mut self, protocol: Protocol, body: &str) -> Outcome {
        let form = Form::parse(body.as_bytes()).unwrap();
        let content = Notification::read(&form, protocol, Charset::Utf8)
            .map(Content::from)
            .map_err(|error| Rejection::new(error.reason_code(), error));
        let kind = match &content {
            Ok(Content::BatchRefund(_)) => MessageKind::BatchRefund,
            _ => MessageKind::TradeStatus,
        };
        self.work_on(protocol, body, kind, content)
    }

    /// What the worker does when the gateway answers this about a trade.
    pub(crate) fn hear_answer(&mut self, protocol: Protocol, body: &str) -> Outcome {
        let form = Form::parse(body.as_bytes()).unwrap();
        let Ok(Notification::Trade(answer)) = Notification::read(&form, protocol, Charset::Utf8)
        else {
            panic!("no answer: {body}")
        };
        self.work_on(protocol, body, MessageKind::QueryAnswer, Ok(Content::Answer(answer)))
    }

    fn work_on(
        &mut self,
        protocol: Protocol,
        body: &str,
        kind: MessageKind,
        content: Result<Content, Rejection>,
    ) -> Outcome {
        let form = Form::parse(body.as_bytes()).unwrap();
        let message = InboundMessage {
            message_id: message_id("shop", kind, &form),
            account: MerchantAccount {
                merchant: "shop".into(),
                seller_id: Some("2088000000000001".into()),
                app_id: None,
                refunds_late: false,
                confirms_above: None,
                longest_time_to_pay: None,
            },
            protocol,
            kind,
            charset: Charset::Utf8,
            form: body.to_owned(),
            received_at: Utc::now(),
            stated_at: Utc::now(),
            attempt: 0,
            was_dead: false,
            trace: None,
            answer_digest: None,
            content,
        };
        run(&mut self.connection, &[message], RULES, |_, _| Ok(Vec::new())).unwrap().remove(0)
    }

    /// What the restock sweeper does.
    pub(crate) fn settle(&mut self, order: &str) {
        let settled = [order.to_owned()];
        restock(&mut self.connection, &settled, RULES, || {}).unwrap();
    }
}

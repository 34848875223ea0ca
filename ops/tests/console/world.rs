//! A sandbox with a schema, queues, a shop, and a console.

use std::time::Duration;

use alipay::{Charset, Form, Md5Key, Rule, Signer};
use chrono::{TimeDelta, Utc};
use queue::topology::{DEAD_QUEUE, ShardCount};
use queue::{Cluster, Envelope, Headers, Message, MessageKind, Publisher, PublisherSettings};
use testkit::clock::{beijing, minutes_ago};
use testkit::{Program, Sandbox, until};
use tokio_util::sync::CancellationToken;

use crate::browser::Browser;
use crate::program::{KEY, NOBODY, Ops};

pub(crate) struct World {
    pub(crate) browser: Browser,
    pub(crate) sandbox: Sandbox,
    ops: Ops,
    console: Program,
}

impl World {
    /// With both servers, a product `gift` and three codes of it.
    pub(crate) fn new() -> World {
        let sandbox = Sandbox::new();
        let ops = Ops::with_schema(&sandbox).with_shop();
        ops.run("topology apply").done();
        ops.run("product add gift --name Gift --kind stock --price 10").done();
        let codes = ["stock", "import", "gift", "--file", "-"];
        ops.run_with(&codes, b"CODE-1\nCODE-2\nCODE-3\n").done();
        World::of(sandbox, ops)
    }

    /// A console for these servers.
    pub(crate) fn with_console(sandbox: Sandbox, (database, broker): (&str, &str)) -> World {
        World::of(sandbox, Ops::at(database, broker).with_shop())
    }

    fn of(sandbox: Sandbox, ops: Ops) -> World {
        World::started(sandbox, ops, &[])
    }

    /// As [`World::new`], with `[console]` and these arguments.
    pub(crate) fn with_login(console: &[(&str, &str)], arguments: &[&str]) -> World {
        let World { sandbox, ops, .. } = World::new();
        World::started(sandbox, configured(ops, console), arguments)
    }

    /// As [`World::new`], with these keys of the configuration as environment variables.
    pub(crate) fn with_keys(keys: &[(&str, &str)]) -> World {
        let World { sandbox, ops, .. } = World::new();
        World::started(sandbox, keys.iter().fold(ops, |ops, (key, value)| ops.set(key, value)), &[])
    }

    /// The same, and neither server behind it.
    pub(crate) fn alone(console: &[(&str, &str)], arguments: &[&str]) -> World {
        let ops = Ops::at(NOBODY.0, NOBODY.1).with_shop();
        World::started(Sandbox::database_only(), configured(ops, console), arguments)
    }

    fn started(sandbox: Sandbox, ops: Ops, arguments: &[&str]) -> World {
        let all = [&["console", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut console = ops.start(&all);
        let line = console.wait_until_ready();
        let url = line.value("url").trim_start_matches("http://");
        let (address, base) = url.split_once('/').unwrap();
        let base = format!("/{base}").trim_end_matches('/').to_owned();
        let browser = Browser { address: address.parse().unwrap(), base, cookie: None };
        World { browser, sandbox, ops, console }
    }

    pub(crate) fn ops(&self, arguments: &[&str]) -> String {
        self.ops.run_with(arguments, b"").done().stdout
    }

    /// A subscription of 30 days for 5 yuan.
    pub(crate) fn subscription(&self, id: &str, name: &str) {
        let add = ["product", "add", id, "--name", name, "--kind", "subscription"];
        self.ops(&[&add[..], &["--price", "5", "--days", "30"]].concat());
    }

    pub(crate) fn order(&self, id: &str) {
        self.ops(&["order", "create", id, "--merchant", "shop", "--product", "gift"]);
    }

    /// What the console has logged so far.
    pub(crate) fn console_log(&self) -> String {
        self.console.stderr()
    }

    /// A worker, running until it is dropped.
    pub(crate) fn worker(&self) -> Program {
        self.ops.worker()
    }

    /// Publishes them; of dead letters the rows are written, too, as by an operator who has moved them by another tool.
    pub(crate) fn publish(&self, messages: Vec<Message>) {
        let are_dead = messages.iter().any(Message::is_dead);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let cancel = CancellationToken::new();
            let settings = PublisherSettings {
                cluster: Cluster::at(&self.sandbox.amqp_url).unwrap(),
                name: "test".to_owned(),
                lanes: 1,
                lane_capacity: 512,
                bundle: 1,
                confirm_timeout: Duration::from_secs(20),
            };
            let (publisher, publishing) = Publisher::start(settings, cancel.clone());
            publisher.ready().await;
            for result in publisher.publish_all(messages).await {
                result.unwrap();
            }
            cancel.cancel();
            publishing.await.unwrap();
        });
        if are_dead {
            self.ops(&["dlq", "sync"]);
        }
    }

    /// Loads a page until it holds the text.
    #[track_caller]
    pub(crate) fn wait_for(&self, path: &str, text: &str) {
        until(&format!("{path} with {text:?}"), || self.browser.get(path).body.contains(text));
    }
}

/// With these keys of `[console]`.
fn configured(ops: Ops, console: &[(&str, &str)]) -> Ops {
    console.iter().fold(ops, |ops, (key, value)| {
        ops.set(&format!("ALIPAY__CONSOLE__{}", key.to_uppercase()), value)
    })
}

/// A signed notification of the merchant `shop`.
pub(crate) fn notification(order: &str, trade_no: &str, status: &str, total: &str) -> Message {
    let paid_at = beijing(minutes_ago(5));
    let mut form = Form::from_pairs([
        ("out_trade_no", order),
        ("trade_no", trade_no),
        ("trade_status", status),
        ("total_fee", total),
        ("seller_id", "2088000000000001"),
        ("buyer_open_id", "074a1CcTG1LelxKe4xQC0z"),
        ("gmt_payment", paid_at.as_str()),
        ("subject", "<b>礼品</b>"),
        ("sign_type", "MD5"),
    ]);
    Signer::Md5(Md5Key::new(KEY)).sign_form(&mut form, Rule::DropEmpty).unwrap();
    let id = queue::message_id("shop", MessageKind::TradeStatus, &form);
    let envelope =
        Envelope::new("shop", MessageKind::TradeStatus, Charset::Utf8, Utc::now(), form.encode());
    Message::notify(&envelope, id, None, ShardCount::ONE)
}

/// The same, dead.
pub(crate) fn dead(message: Message, order: &str, reason: &str, error: &str) -> Message {
    let headers = Headers {
        attempt: 5,
        reason: Some(reason.to_owned()),
        error: Some(error.to_owned()),
        died_at: Some(Utc::now()),
        order: Some(order.to_owned()),
        merchant: Some("shop".to_owned()),
        ..Headers::first(Utc::now() - TimeDelta::hours(1), None)
    };
    Message { exchange: String::new(), routing_key: DEAD_QUEUE.to_owned(), headers, ..message }
}

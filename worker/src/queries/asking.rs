//! One question to the gateway, and its answer on the way to the lanes.

use alipay::{QueryAnswer, TradeRef};
use gateway::{Answered, Gateway};
use queue::{Envelope, Message, Publisher};
use service::config::Merchant;
use store::gateway_query::DueOrder;

use super::Claimed;

/// What came of a question.
pub(super) struct Asked {
    pub(super) claimed: Claimed,
    /// Alipay's word: a `trade_status`, or `TRADE_NOT_EXIST`.
    pub(super) result: Result<String, Failure>,
}

/// Why there is no answer that a lane can work on.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    code: &'static str,
    text: String,
    transient: bool,
    /// The gateway did its part.
    broker: bool,
}

impl Failure {
    /// A short word.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// The evidence.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Nobody has to do anything: asking again will help one day.
    pub(super) fn is_transient(&self) -> bool {
        self.transient
    }

    /// The answer was there and could not be handed on.
    pub(super) fn is_of_the_broker(&self) -> bool {
        self.broker
    }
}

impl Asked {
    /// The word for the metric.
    pub(super) fn outcome(&self) -> &'static str {
        match &self.result {
            Ok(answer) if answer == NOT_EXIST => "not_exist",
            Ok(_) => "trade",
            Err(failure) => failure.code,
        }
    }
}

const NOT_EXIST: &str = "TRADE_NOT_EXIST";

/// Asks about one order and publishes the answer, confirmed.
pub(super) async fn ask(
    gateway: &Gateway,
    publisher: &Publisher,
    merchant: &Merchant,
    claimed: Claimed,
) -> Asked {
    let which = match claimed.due.order.as_ref().and_then(known_trade) {
        Some(trade_no) => TradeRef::TradeNo(trade_no),
        None => TradeRef::OutTradeNo(&claimed.due.order_id),
    };
    let result = match gateway.query(merchant, which).await {
        Ok(answered) => hand_on(publisher, merchant, &claimed.due.order_id, answered).await,
        Err(error) => Err(Failure {
            code: error.reason_code(),
            text: error.to_string(),
            transient: error.is_transient(),
            broker: false,
        }),
    };
    Asked { claimed, result }
}

/// The trade to ask by: the one that was paid. Before a payment it is the order that is asked about,
/// since another of its trades may be the one that gets paid.
fn known_trade(order: &DueOrder) -> Option<&str> {
    let unpaid = order.status == 0 || (order.status == 32 && order.is_finish);
    order.trade_no.as_deref().filter(|_| !unpaid)
}

async fn hand_on(
    publisher: &Publisher,
    merchant: &Merchant,
    order: &str,
    answered: Answered,
) -> Result<String, Failure> {
    let Answered { asked_at, body, answer } = answered;
    let trade = match answer {
        QueryAnswer::NotExist => return Ok(NOT_EXIST.to_owned()),
        QueryAnswer::Trade(trade) => trade,
    };
    let envelope = Envelope::query_answer(&merchant.name, merchant.charset, order, asked_at, &body);
    let failure = |text: String| Failure {
        code: "not_published",
        text: format!("the answer could not be handed on: {text}"),
        transient: true,
        broker: true,
    };
    let message_id = envelope.message_id().map_err(|error| failure(error.to_string()))?;
    let message = Message::notify(&envelope, message_id, None);
    publisher.publish(message).await.map_err(|error| failure(error.to_string()))?;
    // The column holds so much; a word that we do not know can be of any length.
    Ok(trade.trade_status.as_str().chars().take(64).collect())
}

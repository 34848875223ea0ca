//! One query to the gateway, and its answer on the way to the lanes. An unpaid order whose time is over is closed
//! there first. What the query then finds is final, unless a payment page is still open in a browser.

use std::fmt::Display;

use alipay::{CloseAnswer, QueryAnswer, TradeRef};
use chrono::{DateTime, Utc};
use config::Merchant;
use gateway::{Gateway, GatewayError, VerifiedAnswer};
use metrics::counter;
use order::{PaymentState, QueryReason};
use queue::Envelope;
use service::trace::{KeyValue, Span, SpanKind};
use service::{metric, trace};
use store::gateway_query::DueQuery;
use store::{MysqlConnection, StoreError, order_expired};

use super::{Claimed, plan};
use crate::context::{Interrupted, WorkerContext};
use crate::gateway_messages::QueryAnswerMessage;

/// The result of a query.
pub(super) struct QueriedOrder {
    pub(super) claimed: Claimed,
    pub(super) result: Result<QueryAnswer, QueryFailure>,
    /// The result of closing, where that was wanted. Closing does not change the order; the answer that follows does.
    closed: Option<Result<CloseAnswer, GatewayError>>,
}

/// Why there is no answer that a lane can work on.
#[derive(Debug, Clone)]
pub(super) struct QueryFailure {
    /// A short word.
    pub(super) code: &'static str,
    /// The evidence.
    pub(super) text: String,
    /// Another query will help; no person has to act.
    pub(super) is_transient: bool,
    /// The gateway answered, and the answer could not be published.
    pub(super) is_of_the_broker: bool,
}

impl QueriedOrder {
    /// The word for the metric.
    pub(super) fn outcome(&self) -> &'static str {
        match &self.result {
            Ok(QueryAnswer::NotExist) => "not_exist",
            Ok(QueryAnswer::Trade(_)) => "trade",
            Err(failure) => failure.code,
        }
    }

    /// Alipay has closed the trade and still reports it as waiting: the next query will report the close.
    pub(super) fn still_open(&self) -> bool {
        matches!(&self.result, Ok(QueryAnswer::Trade(trade)) if trade.trade_status.is_unpaid())
            && matches!(self.closed, Some(Ok(CloseAnswer::Closed)))
    }

    /// Goods wait for this answer, and it does not confirm a payment.
    pub(super) fn is_unconfirmed(&self) -> bool {
        self.claimed.due.why == QueryReason::Confirm && self.is_unpaid_there()
    }

    /// The order was paid here before the query, and Alipay reports no payment: it is asked once more, since its
    /// servers can lag behind its own notification.
    pub(super) fn asks_once_more(&self) -> bool {
        let due = &self.claimed.due;
        self.result.as_ref().is_ok_and(|answer| contradicts(due, answer))
            && !plan::is_asked_again(due)
    }

    /// Why an order that should be closed is still open, for an operator.
    pub(super) fn not_closed(&self) -> Option<String> {
        let Some(Err(error)) = &self.closed else { return None };
        self.is_unpaid_there()
            .then(|| format!("its time is over and it could not be closed: {error}"))
    }

    /// Alipay knows of no payment.
    fn is_unpaid_there(&self) -> bool {
        self.result.as_ref().is_ok_and(QueryAnswer::is_unpaid)
    }
}

/// Whether an answer contradicts what was known before the query.
fn contradicts(due: &DueQuery, answer: &QueryAnswer) -> bool {
    due.order.as_ref().is_some_and(|order| order.payment().is_contradicted_by(answer))
}

/// Asks about one order and publishes the answer, confirmed; a trace of its own, which the answer carries on.
pub(super) async fn ask(
    context: &WorkerContext,
    gateway: &Gateway,
    merchant: &Merchant,
    claimed: Claimed,
) -> QueriedOrder {
    let mut span = Span::begin(SpanKind::Internal, || "query an order".into(), None);
    span.describe(|| {
        [
            KeyValue::new("alipay.merchant", merchant.name.clone()),
            KeyValue::new("alipay.query.reason", claimed.due.why.as_str()),
        ]
    });
    let asking = ask_and_publish(context, gateway, merchant, claimed);
    let queried = trace::carry_out(span.context().cloned(), asking).await;
    if let Err(failure) = &queried.result {
        span.fail(failure.code);
    }
    queried
}

async fn ask_and_publish(
    context: &WorkerContext,
    gateway: &Gateway,
    merchant: &Merchant,
    claimed: Claimed,
) -> QueriedOrder {
    let order_id = claimed.due.order_id.as_str();
    let closed = match plan::closes_first(&claimed.due, Utc::now()) {
        true => Some(close(gateway, merchant, order_id).await),
        false => None,
    };
    if let Some(Err(error)) = &closed
        && !matches!(error, GatewayError::Answer(_))
    {
        return QueriedOrder { result: Err(error.into()), claimed, closed };
    }
    let which = match known_trade(&claimed.due) {
        Some(trade_no) => TradeRef::TradeNo(trade_no),
        None => TradeRef::OutTradeNo(order_id),
    };
    let result = match gateway.query(merchant, which).await {
        Ok(answered) => hand_on(context, merchant, &claimed, closed.as_ref(), answered).await,
        Err(error) => Err(QueryFailure::from(&error)),
    };
    QueriedOrder { claimed, result, closed }
}

/// Has the gateway close what is unpaid. A refusal is no failure: the trade was paid or is closed, and the query
/// that follows reports which.
async fn close(
    gateway: &Gateway,
    merchant: &Merchant,
    order_id: &str,
) -> Result<CloseAnswer, GatewayError> {
    let closed = gateway.close(merchant, TradeRef::OutTradeNo(order_id)).await;
    let outcome = match &closed {
        Ok(CloseAnswer::Closed) => "closed",
        Ok(CloseAnswer::NotExist) => "not_exist",
        Err(error) => error.reason_code(),
    };
    counter!(metric::GATEWAY_CLOSES, "outcome" => outcome).increment(1);
    service::crash_point!("queries.after_close");
    closed
}

/// The trade to ask about: the one that was paid. Before a payment the query is about the order, since another of
/// its trades may be the one that gets paid; and so it is while a payment waits to be confirmed, since Alipay may not
/// know the trade that a notification named.
fn known_trade(due: &DueQuery) -> Option<&str> {
    let order = due
        .order
        .as_ref()
        .filter(|order| due.why != QueryReason::Confirm && !order.payment().is_unpaid())?;
    order.trade_no.as_deref()
}

async fn hand_on(
    context: &WorkerContext,
    merchant: &Merchant,
    claimed: &Claimed,
    closed: Option<&Result<CloseAnswer, GatewayError>>,
    answered: VerifiedAnswer,
) -> Result<QueryAnswer, QueryFailure> {
    let order = claimed.due.order_id.as_str();
    let asked_at = answered.asked_at;
    if contradicts(&claimed.due, &answered.answer) {
        // A lane opens a review.
        if plan::is_asked_again(&claimed.due) {
            publish_answer(context, merchant, order, &answered).await?;
        }
        return Ok(answered.answer);
    }
    match &answered.answer {
        QueryAnswer::NotExist => {
            // Nothing to close, and no trade afterwards: only then has the order expired.
            if let (Some(ended), Some(Ok(CloseAnswer::NotExist))) =
                (still_placed_since(claimed), closed)
            {
                // The row is what counts; the message makes a lane read it.
                write_expired(context, order, ended, asked_at).await?;
                let envelope = Envelope::expiry(&merchant.name, order, ended, asked_at);
                publish(context, &envelope).await?;
            }
        }
        QueryAnswer::Trade(_) => publish_answer(context, merchant, order, &answered).await?,
    }
    Ok(answered.answer)
}

/// Publishes an answer for the lanes. They accept it because of the row that is written first.
async fn publish_answer(
    context: &WorkerContext,
    merchant: &Merchant,
    order: &str,
    answered: &VerifiedAnswer,
) -> Result<(), QueryFailure> {
    let message = QueryAnswerMessage::new(&merchant.name, order, answered);
    let envelope = message.envelope.clone();
    write(context, "writing down an answer", move |connection| message.write_down(connection))
        .await?;
    publish(context, &envelope).await
}

/// The time limit that is over, of an order that is still placed.
fn still_placed_since(claimed: &Claimed) -> Option<DateTime<Utc>> {
    let order = claimed.due.order.as_ref()?;
    let placed = Some(order).filter(|order| order.payment() == PaymentState::Unpaid)?;
    placed.expires_at.filter(|_| order.expired_at.is_none())
}

async fn write_expired(
    context: &WorkerContext,
    order: &str,
    ended: DateTime<Utc>,
    said_at: DateTime<Utc>,
) -> Result<(), QueryFailure> {
    let order = order.to_owned();
    write(context, "writing an expiry", move |connection| {
        order_expired::write(connection, &order, ended, said_at)
    })
    .await
}

async fn write(
    context: &WorkerContext,
    what: &'static str,
    row: impl FnOnce(&mut MysqlConnection) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), QueryFailure> {
    let written = context.on_database(what, move |this| {
        let mut connection = this.pool.get()?;
        row(&mut connection)
    });
    match written.await {
        Ok(written) => written.map_err(not_handed_on),
        Err(Interrupted) => Err(not_handed_on("the worker stops")),
    }
}

async fn publish(context: &WorkerContext, envelope: &Envelope) -> Result<(), QueryFailure> {
    let message = envelope.message(context.layout().shards).map_err(not_handed_on)?;
    context.publisher.publish(message).await.map_err(not_handed_on)
}

fn not_handed_on(why: impl Display) -> QueryFailure {
    QueryFailure {
        code: "not_published",
        text: format!("the answer could not be handed on: {why}"),
        is_transient: true,
        is_of_the_broker: true,
    }
}

impl From<&GatewayError> for QueryFailure {
    fn from(error: &GatewayError) -> QueryFailure {
        QueryFailure {
            code: error.reason_code(),
            text: error.to_string(),
            is_transient: error.is_transient(),
            is_of_the_broker: false,
        }
    }
}

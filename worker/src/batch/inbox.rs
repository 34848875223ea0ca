//! What the `notification` table keeps of each message: outcome, facts added, what changed.

mod change;

use alipay::{BatchRefundNotify, TRADE_NOT_EXIST, TradeStatus, TradeStatusSync};
use order::{Facts, MessageOutcome, OrderRecord, Remark};
use service::trace::TraceContext;
use store::notification::{self, InboxRow, MessageKey};
use store::{MysqlConnection, StoreError};
use tracing::warn;

use super::Outcome;
use super::decisions::NotedDecision;
use super::working_set::{AppliedMessage, ChangedRows};
use crate::message::{Content, InboundMessage, Rejection};
use change::{OrderChange, changes_json};

/// A message that becomes a dead letter.
pub(super) struct DeadLetterToWrite<'a> {
    pub(super) key: MessageKey<'a>,
    pub(super) reason: &'static str,
    pub(super) form: &'a str,
}

/// The inbox row of one message, before it is written.
pub(super) struct InboxRecord<'a> {
    message: &'a InboundMessage,
    /// The order number of a message that cannot be worked on.
    named_order: Option<String>,
    /// And its trade.
    named_trade: Option<String>,
    outcome: Outcome,
    /// The same for the column, if the message is done.
    message_outcome: MessageOutcome,
    facts_added: Facts,
    /// What a person decided.
    decision: Option<NotedDecision>,
    /// What is odd about a message that counts anyway: a reason and its evidence.
    odd: Option<(&'static str, String)>,
    pub(super) changes: Vec<OrderChange>,
}

impl<'a> InboxRecord<'a> {
    /// Compares the orders before and after the message was applied to them.
    pub(super) fn new(message: &'a InboundMessage, applied: AppliedMessage<'_>) -> InboxRecord<'a> {
        let mut facts_added = Facts::empty();
        let mut changes = Vec::new();
        let mut is_news = applied.changed_rows == ChangedRows::Others;
        for (before, after) in &applied.orders {
            for (trade_no, trade) in &after.trades {
                let known = before.trades.get(trade_no).map_or(Facts::empty(), |was| was.facts);
                facts_added |= trade.facts - known;
            }
            is_news |= !same_but_for_notify_times(before, after);
            changes.push(OrderChange::between(before, after));
        }
        let is_unknown = message
            .trade()
            .is_some_and(|trade| matches!(trade.trade_status, TradeStatus::Unknown(_)));
        let message_outcome = match applied.outcome {
            Outcome::Rejected(_) => MessageOutcome::Rejected,
            _ if is_unknown => MessageOutcome::Unknown,
            _ if is_news => MessageOutcome::Applied,
            _ => MessageOutcome::Unchanged,
        };
        let is_unreadable = message.content.is_err();
        InboxRecord {
            message,
            named_order: is_unreadable.then(|| message.order_id()).flatten(),
            named_trade: is_unreadable.then(|| message.named_trade()).flatten(),
            outcome: applied.outcome,
            message_outcome,
            facts_added,
            decision: applied.decision,
            odd: odd(message, &applied.parked),
            changes,
        }
    }

    /// The trace of the message.
    pub(super) fn trace(&self) -> Option<&'a TraceContext> {
        self.message.trace.as_ref()
    }

    /// The outcome of the message, so far.
    pub(super) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The outcome of the message.
    pub(super) fn into_outcome(self) -> Outcome {
        self.outcome
    }

    /// The message, if it becomes a dead letter that may be in the queue already, and why.
    pub(super) fn dead_letter(&self) -> Option<DeadLetterToWrite<'a>> {
        let Outcome::Rejected(rejection) = &self.outcome else { return None };
        let (key, form) = (self.message.key(), &self.message.form);
        (!self.message.was_dead).then_some(DeadLetterToWrite {
            key,
            reason: rejection.reason,
            form,
        })
    }

    /// A dead letter of the same message is already in the queue.
    pub(super) fn is_rejected_before(&mut self) {
        if let Outcome::Rejected(rejection) = &self.outcome {
            self.outcome = Outcome::RejectedBefore(rejection.clone());
        }
    }

    /// After its last retry tier a message whose order is still not there becomes a dead letter.
    pub(super) fn reject(&mut self, rejection: Rejection) {
        self.outcome = Outcome::Rejected(rejection);
        self.message_outcome = MessageOutcome::Rejected;
    }

    /// No order accepts it, and the reason is known: it is done.
    pub(super) fn is_explained(&mut self, remark: Remark, evidence: String, is_news: bool) {
        self.outcome = Outcome::Done;
        self.message_outcome =
            if is_news { MessageOutcome::Applied } else { MessageOutcome::Unchanged };
        self.odd = Some((remark.as_str(), evidence));
    }

    /// The row, for messages whose latest run came to an end. A message that waits for its order or
    /// for a lock has none yet.
    fn row(&self) -> Option<InboxRow<'_>> {
        let (reason, error) = match &self.outcome {
            Outcome::Done => match &self.odd {
                Some((reason, evidence)) => (Some(*reason), Some(evidence.as_str())),
                None => (None, None),
            },
            Outcome::Rejected(rejection) | Outcome::RejectedBefore(rejection) => {
                (Some(rejection.reason), Some(rejection.error.as_str()))
            }
            Outcome::Locked
            | Outcome::Held
            | Outcome::Paused
            | Outcome::RetryLater
            | Outcome::DatabaseRefuses(_) => return None,
        };
        let (order_id, trade_no, trade_status) = self.names();
        let is_applied = self.message_outcome == MessageOutcome::Applied;
        Some(InboxRow {
            merchant: &self.message.account.merchant,
            kind: self.message.kind.as_str(),
            message_id: &self.message.message_id,
            order_id,
            trade_no,
            trade_status: trade_status.map(|word| &word[..word.floor_char_boundary(64)]),
            charset: self.message.charset.name(),
            form: &self.message.form,
            outcome: self.message_outcome,
            dies: matches!(self.outcome, Outcome::Rejected(_)),
            reason,
            error,
            facts_added: self.facts_added.to_column(),
            changes: is_applied.then(|| changes_json(&self.changes)).flatten(),
            attempts: i32::try_from(self.message.attempt).unwrap_or(i32::MAX),
            received_at: self.message.received_at,
        })
    }

    /// Order, trade and status that the message names; where it has no status, a word for what it is.
    fn names(&self) -> (Option<&str>, Option<&str>, Option<&str>) {
        match &self.message.content {
            Ok(Content::Trade(trade) | Content::Answer(trade)) => of_trade(trade),
            Ok(Content::NoTrade { order }) => (Some(order.as_str()), None, Some(TRADE_NOT_EXIST)),
            Ok(Content::Doubtful(doubtful)) => of_trade(&doubtful.notification),
            Ok(Content::DepositBack(back)) => {
                let order = back.out_trade_no.as_str();
                (Some(order), back.trade_no.as_deref(), Some(back.status.as_str()))
            }
            Ok(Content::Expiry { order }) => (Some(order.as_str()), None, Some("EXPIRED")),
            Ok(Content::Request { order, .. }) => (Some(order.as_str()), None, None),
            Ok(Content::Decision(named)) => {
                let decision = self.decision.as_ref();
                (
                    Some(named.order.as_str()),
                    decision.and_then(|it| it.trade_no.as_deref()),
                    decision.map(|it| it.decision.as_str()),
                )
            }
            Ok(Content::RefundAnswer(answer)) => {
                let (order, trade) = (answer.out_trade_no.as_str(), answer.trade_no.as_str());
                (Some(order), Some(trade), Some("REFUND_SUCCESS"))
            }
            Ok(Content::BatchRefund(batch)) => {
                // Of a batch with one trade the row can name the trade and its order.
                let only = match batch.items.as_slice() {
                    [item] => Some(item.trade_no.as_str()),
                    _ => None,
                };
                let order = match self.changes.as_slice() {
                    [change] => Some(change.order.as_str()),
                    _ => None,
                };
                (order, only, Some(BatchRefundNotify::NOTIFY_TYPE))
            }
            Err(_) => (self.named_order.as_deref(), self.named_trade.as_deref(), None),
        }
    }
}

/// Writes the rows.
pub(super) fn write(
    connection: &mut MysqlConnection,
    records: &[InboxRecord<'_>],
) -> Result<(), StoreError> {
    let mut rows: Vec<_> = records.iter().filter_map(InboxRecord::row).collect();
    rows.sort_by_key(|row| (row.merchant, row.kind, row.message_id));
    notification::upsert(connection, &rows)
}

fn of_trade(trade: &TradeStatusSync) -> (Option<&str>, Option<&str>, Option<&str>) {
    (Some(&trade.out_trade_no), Some(&trade.trade_no), Some(trade.trade_status.as_str()))
}

/// What is odd about a message, if it counts.
fn odd(message: &InboundMessage, parked: &[String]) -> Option<(&'static str, String)> {
    match &message.content {
        Ok(Content::BatchRefund(batch)) => {
            let Some(odd) = batch.count_differs() else { return parked_refund(parked) };
            let (merchant, batch_no) = (&message.account.merchant, &batch.batch_no);
            warn!(merchant, batch_no, odd, "a batch refund contradicts its items, which decide");
            Some((Remark::SuccessNumDiffers.as_str(), odd))
        }
        Ok(Content::Doubtful(doubtful)) => {
            Some((doubtful.doubt.reason().as_str(), doubtful.doubt.to_string()))
        }
        _ => None,
    }
}

/// Refunds that wait for an order which knows their trades.
fn parked_refund(trades: &[String]) -> Option<(&'static str, String)> {
    let first = trades.first()?;
    let evidence = match trades.len() {
        1 => format!("no order knows trade {first}: its refund counts once one does"),
        count => {
            format!("no order knows {count} trades, {first} the first: they count once one does")
        }
    };
    Some((Remark::ParkedRefund.as_str(), evidence))
}

/// A repeat differs in `notify_time` alone, and so does the same answer to a later query: that
/// changes nothing.
fn same_but_for_notify_times(before: &OrderRecord, after: &OrderRecord) -> bool {
    before.refunds == after.refunds
        && before.expired_at.is_some() == after.expired_at.is_some()
        && before.trades.len() == after.trades.len()
        && before.trades.values().zip(after.trades.values()).all(|(was, is)| {
            let mut was = was.clone();
            was.notify_time = is.notify_time;
            was.confirmed_at = is.confirmed_at;
            was == *is
        })
}

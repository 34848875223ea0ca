//! What the `notification` table keeps of each message: outcome, facts added, what changed.

use alipay::TradeStatus;
use order::{Event, Facts, MessageOutcome, OrderRecord, Remark};
use serde::Serialize;
use store::notification::{MessageKey, Record};
use tracing::warn;

use crate::incoming::{Content, Incoming};
use crate::page::{Noted, Told};
use crate::verdict::Verdict;

/// What one notification changed about one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OrderChange {
    /// The order.
    pub(crate) order: String,
    /// `status` before and after.
    pub(crate) status: [i16; 2],
    /// `refunded_fee` before and after, fen.
    pub(crate) refunded_fee: [i64; 2],
    /// The state of the goods afterwards, where this batch changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) goods: Option<&'static str>,
    /// Events that became true with this batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Event>,
    /// Of the last one, whose order is empty: so many more changes are not kept.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) more: usize,
}

/// Bytes of JSON that are kept of what one message changed, some 5,000 orders: a batch has 1,000 at most, and the
/// row of a longer one must fit `max_allowed_packet` of any database.
const CHANGES_LIMIT: usize = 1024 * 1024;

/// The changes as JSON, the first ones where they are too many, with how many are left out.
fn changes_json(changes: &[OrderChange]) -> Option<String> {
    let mut json = String::from("[");
    for (at, change) in changes.iter().enumerate() {
        let one = serde_json::to_string(change).ok()?;
        let comma = if at > 0 { "," } else { "" };
        if json.len() + one.len() > CHANGES_LIMIT {
            let more = changes.len() - at;
            let rest = OrderChange {
                order: String::new(),
                status: [0, 0],
                refunded_fee: [0, 0],
                goods: None,
                events: Vec::new(),
                more,
            };
            json.push_str(comma);
            json.push_str(&serde_json::to_string(&rest).ok()?);
            break;
        }
        json.push_str(comma);
        json.push_str(&one);
    }
    json.push(']');
    Some(json)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A message that becomes a dead letter.
pub(crate) struct Dying<'a> {
    pub(crate) key: MessageKey<'a>,
    pub(crate) reason: &'static str,
    pub(crate) form: &'a str,
}

/// One message's line in the inbox, before it is written.
pub(crate) struct Line<'a> {
    incoming: &'a Incoming,
    /// The order number of a notification that cannot be worked on.
    named_order: Option<String>,
    /// And its trade.
    named_trade: Option<String>,
    verdict: Verdict,
    /// Its verdict is a dead letter, and one of the same message already lies there.
    lies_already: bool,
    outcome: MessageOutcome,
    facts_added: Facts,
    /// What a person decided.
    noted: Option<Noted>,
    /// What is odd about a message that is worked on all the same: a reason and its evidence.
    odd: Option<(&'static str, String)>,
    pub(crate) changes: Vec<OrderChange>,
}

impl<'a> Line<'a> {
    /// Compares the orders before and after a notification was told.
    pub(crate) fn new(incoming: &'a Incoming, told: &Told<'_>) -> Line<'a> {
        let mut facts_added = Facts::empty();
        let mut changes = Vec::new();
        let mut grew = told.news;
        for (before, sheet) in told.before.iter().zip(&told.after) {
            let after = &sheet.record;
            for (trade_no, trade) in &after.trades {
                let known = before.trades.get(trade_no).map_or(Facts::empty(), |was| was.facts);
                facts_added |= trade.facts - known;
            }
            grew |= !same_but_for_times_of_telling(before, after);
            let (was, is) = (before.state(), after.state());
            changes.push(OrderChange {
                order: after.terms.id.clone(),
                status: [was.status.code(), is.status.code()],
                refunded_fee: [was.refunded_fee.get(), is.refunded_fee.get()],
                goods: None,
                events: Vec::new(),
                more: 0,
            });
        }
        let unknown = incoming
            .trade()
            .is_some_and(|said| matches!(said.trade_status, TradeStatus::Unknown(_)));
        let outcome = match told.verdict {
            Verdict::Never(_) => MessageOutcome::Rejected,
            _ if unknown => MessageOutcome::Unknown,
            _ if grew => MessageOutcome::Applied,
            _ => MessageOutcome::Unchanged,
        };
        let is_unreadable = incoming.content.is_err();
        let named_order = is_unreadable.then(|| incoming.order_id()).flatten();
        let named_trade = is_unreadable.then(|| incoming.named_trade()).flatten();
        let odd = match &incoming.content {
            Ok(Content::BatchRefund(batch)) => batch
                .count_differs()
                .map(|odd| {
                    let (merchant, batch_no) = (&incoming.identity.merchant, &batch.batch_no);
                    warn!(
                        merchant,
                        batch_no, odd, "a batch refund contradicts its items, which decide"
                    );
                    (Remark::SuccessNumDiffers.as_str(), odd)
                })
                .or_else(|| parked(&told.parked)),
            Ok(Content::Doubtful(doubtful)) => {
                Some((doubtful.doubt.reason().as_str(), doubtful.doubt.to_string()))
            }
            _ => None,
        };
        let verdict = told.verdict.clone();
        Line {
            incoming,
            named_order,
            named_trade,
            verdict,
            lies_already: false,
            outcome,
            facts_added,
            noted: told.noted.clone(),
            odd,
            changes,
        }
    }

    /// The verdict, once nothing changes it any more.
    pub(crate) fn into_verdict(self) -> Verdict {
        match self.verdict {
            Verdict::Never(never) if self.lies_already => Verdict::LiesAlready(never),
            verdict => verdict,
        }
    }

    /// The message, where it becomes a dead letter, and why.
    pub(crate) fn dies(&self) -> Option<Dying<'a>> {
        let Verdict::Never(never) = &self.verdict else { return None };
        let incoming = self.incoming;
        let key = incoming.key();
        (!incoming.was_dead).then_some(Dying { key, reason: never.reason, form: &incoming.form })
    }

    /// A dead letter of the same message already lies there.
    pub(crate) fn lies_already(&mut self) {
        self.lies_already = true;
    }

    /// After its last retry tier a message that is still *not yet* becomes a dead letter.
    pub(crate) fn give_up(&mut self, never: crate::verdict::Never) {
        self.verdict = Verdict::Never(never);
        self.outcome = MessageOutcome::Rejected;
    }

    /// No order takes it, and it is known why: it is done.
    pub(crate) fn is_explained(&mut self, remark: Remark, evidence: String, is_news: bool) {
        self.verdict = Verdict::Done;
        self.outcome = if is_news { MessageOutcome::Applied } else { MessageOutcome::Unchanged };
        self.odd = Some((remark.as_str(), evidence));
    }

    /// What the verdict is so far.
    pub(crate) fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The row, for messages whose latest run came to an end. A message that waits for its order or
    /// for a lock has none yet.
    pub(crate) fn record(&self) -> Option<Record<'_>> {
        let (reason, error) = match &self.verdict {
            Verdict::Done => match &self.odd {
                Some((reason, evidence)) => (Some(*reason), Some(evidence.as_str())),
                None => (None, None),
            },
            Verdict::Never(never) => (Some(never.reason), Some(never.error.as_str())),
            Verdict::Locked
            | Verdict::Held
            | Verdict::NotYet
            | Verdict::Refused(_)
            | Verdict::LiesAlready(_) => {
                return None;
            }
        };
        let dies = matches!(self.verdict, Verdict::Never(_)) && !self.lies_already;
        let (order_id, trade_no, trade_status) = match &self.incoming.content {
            Ok(Content::Trade(said) | Content::Answer(said)) => (
                Some(said.out_trade_no.as_str()),
                Some(said.trade_no.as_str()),
                Some(said.trade_status.as_str()),
            ),
            Ok(Content::NoTrade { order }) => (Some(order.as_str()), None, Some("TRADE_NOT_EXIST")),
            Ok(Content::Doubtful(doubtful)) => {
                let said = &doubtful.said;
                let (order, trade) = (said.out_trade_no.as_str(), said.trade_no.as_str());
                (Some(order), Some(trade), Some(said.trade_status.as_str()))
            }
            Ok(Content::DepositBack(said)) => {
                let order = said.out_trade_no.as_str();
                (Some(order), said.trade_no.as_deref(), Some(said.status.as_str()))
            }
            Ok(Content::Expiry { order }) => (Some(order.as_str()), None, Some("EXPIRED")),
            Ok(Content::Request { order, .. }) => (Some(order.as_str()), None, None),
            Ok(Content::Decision(named)) => {
                let noted = self.noted.as_ref();
                (
                    Some(named.order.as_str()),
                    noted.and_then(|noted| noted.trade_no.as_deref()),
                    noted.map(|noted| noted.decision.as_str()),
                )
            }
            Ok(Content::RefundAnswer(said)) => {
                let (order, trade) = (said.out_trade_no.as_str(), said.trade_no.as_str());
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
                (order, only, Some("batch_refund_notify"))
            }
            Err(_) => (self.named_order.as_deref(), self.named_trade.as_deref(), None),
        };
        let applied = self.outcome == MessageOutcome::Applied;
        let changes = applied.then(|| changes_json(&self.changes)).flatten();
        Some(Record {
            merchant: &self.incoming.identity.merchant,
            kind: self.incoming.kind.as_str(),
            message_id: &self.incoming.message_id,
            order_id,
            trade_no,
            trade_status: trade_status.map(|word| bounded(word, 64)),
            charset: self.incoming.charset.name(),
            form: &self.incoming.form,
            outcome: self.outcome,
            dies,
            reason,
            error,
            facts_added: self.facts_added.to_column(),
            changes,
            attempts: self.incoming.attempt,
            received_at: self.incoming.received_at,
        })
    }
}

/// Refunds that wait for an order which knows their trades.
fn parked(trades: &[String]) -> Option<(&'static str, String)> {
    let first = trades.first()?;
    let evidence = match trades.len() {
        1 => format!("no order knows trade {first}: its refund counts once one does"),
        count => {
            format!("no order knows {count} trades, {first} the first: they count once one does")
        }
    };
    Some((Remark::ParkedRefund.as_str(), evidence))
}

/// A repeat differs in `notify_time` alone, and so does the same answer to a later question: that is no
/// news.
fn same_but_for_times_of_telling(before: &OrderRecord, after: &OrderRecord) -> bool {
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

/// At most `limit` bytes, cut at a character.
fn bounded(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use order::Event;

    use super::{CHANGES_LIMIT, OrderChange, changes_json};

    fn changes(count: usize) -> Vec<OrderChange> {
        let change = |number| OrderChange {
            order: format!("{number:064}"),
            status: [8, 105],
            refunded_fee: [0, 100_000],
            goods: Some("returned"),
            events: vec![Event::Refunded, Event::Returned],
            more: 0,
        };
        (0..count).map(change).collect()
    }

    #[test]
    fn a_whole_batch_is_kept_and_more_is_counted() {
        let read = |count| -> Vec<serde_json::Value> {
            let json = changes_json(&changes(count)).expect("JSON");
            assert!(json.len() < CHANGES_LIMIT + 200, "{}", json.len());
            serde_json::from_str(&json).expect("JSON")
        };
        assert_eq!((read(0).len(), read(1).len(), read(1000).len()), (0, 1, 1000));
        assert!(read(1000).iter().all(|change| change.get("more").is_none()));
        let cut = read(20_000);
        let more = cut.last().expect("a last one")["more"].as_u64().expect("a number");
        assert_eq!(cut.len() as u64 - 1 + more, 20_000);
        assert!(more > 0);
    }
}

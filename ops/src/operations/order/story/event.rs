//! What happened to an order, as a list of typed entries: the only place with their English texts. The
//! console chooses a Chinese word and a colour by the variant.

use alipay::Fen;
use order::{Facts, FulfillmentState, MessageOutcome};
use queue::MessageKind;
use store::BeijingTime;
use store::amendment::AmendmentRow;
use store::dead_letter::UnrecordedLetter;
use store::dead_letter::history;
use store::outbox::OrderEvent;
use store::redelivery::RedeliveryRow;
use store::refund_request::RefundRequestLine;
use store::review::ReviewRow;

use crate::operations::dead_letter::{NO_REASON, short};
use crate::operations::order::amend::terms::{TermChange, changes_of};
use crate::operations::order::change::steps;
use crate::operations::order::details::{OrderDetails, StoryMessage};
use crate::operations::order::fact_list::FactList;
use crate::plural::count;

/// Why the story may have a gap.
const ROWS_REMOVED: &str =
    "messages and events from before this that are not shown were removed (`ops prune`)";

/// Something that happened to an order.
pub(crate) enum StoryEvent<'a> {
    /// The order was placed.
    Placed,
    /// The time within which it could be paid ended.
    PaymentTimeEnded,
    /// A refund was requested.
    RefundAsked(&'a RefundRequestLine),
    /// Its terms were amended, or that was proposed.
    Amended(&'a AmendmentRow),
    /// A worker finished a message.
    Message(&'a StoryMessage),
    /// The goods moved without a message: stock arrived, a person acted.
    Goods(GoodsMove),
    /// A review was raised.
    ReviewRaised(&'a ReviewRow),
    /// A person decided a review.
    ReviewDecided(&'a ReviewRow),
    /// An operator replayed or discarded a dead letter.
    LetterHandled(&'a history::HistoryRow),
    /// A message became a dead letter and has no row in the inbox.
    LetterDied(&'a UnrecordedLetter),
    /// A message was redelivered: no worker acknowledged it.
    CameBack(&'a RedeliveryRow),
    /// An event was published to the shop.
    EventPublished(&'a OrderEvent),
    /// Of what happened before this, rows were removed.
    RowsRemoved,
}

/// Changes of the goods without a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoodsMove {
    /// They wait for stock, an account or a person.
    Wait,
    Delivered,
    Returned,
}

impl GoodsMove {
    /// Whether goods in this state have made the move.
    fn reaches(self, state: FulfillmentState) -> bool {
        match self {
            GoodsMove::Wait => state.is_waiting(),
            GoodsMove::Delivered => state == FulfillmentState::Delivered,
            GoodsMove::Returned => state == FulfillmentState::Returned,
        }
    }
}

/// All that happened, sorted by time.
pub(crate) fn happenings(details: &OrderDetails) -> Vec<(BeijingTime, StoryEvent<'_>)> {
    let row = &details.order.row;
    let mut all = vec![(row.created_at, StoryEvent::Placed)];
    let ended = details.limit.ok().flatten().filter(|end| end.0 < details.read_at);
    all.extend(ended.map(|end| (end, StoryEvent::PaymentTimeEnded)));
    let requests = details.refund_requests.iter();
    all.extend(requests.map(|it| (it.created_at, StoryEvent::RefundAsked(it))));
    all.extend(details.amendments.iter().map(|it| (it.proposed_at, StoryEvent::Amended(it))));
    all.extend(details.story.iter().map(|it| (it.at, StoryEvent::Message(it))));
    all.extend(goods_moved_alone(details).map(|(at, moved)| (at, StoryEvent::Goods(moved))));
    for review in &details.reviews {
        all.push((review.raised_at, StoryEvent::ReviewRaised(review)));
        if let (Some(at), Some(_)) = (review.ended_at, &review.decided_by) {
            all.push((at, StoryEvent::ReviewDecided(review)));
        }
    }
    all.extend(details.dead_letters.iter().map(|it| (it.done_at, StoryEvent::LetterHandled(it))));
    all.extend(
        details.unrecorded_letters.iter().map(|it| (it.died_at, StoryEvent::LetterDied(it))),
    );
    all.extend(details.came_back.iter().map(|it| (it.last_seen, StoryEvent::CameBack(it))));
    let events = details.events.iter();
    all.extend(events.filter_map(|it| Some((it.published_at?, StoryEvent::EventPublished(it)))));
    all.extend(details.removed_before.map(|at| (at, StoryEvent::RowsRemoved)));
    all.sort_by_key(|(at, _)| *at);
    all
}

/// Moves of the goods that no message caused.
fn goods_moved_alone(details: &OrderDetails) -> impl Iterator<Item = (BeijingTime, GoodsMove)> {
    let times = details.fulfillment.as_ref().map(|it| {
        [
            (GoodsMove::Wait, it.waiting_since),
            (GoodsMove::Delivered, it.delivered_at),
            (GoodsMove::Returned, it.returned_at),
        ]
    });
    let changed = |message: &StoryMessage| message.changes.as_ref()?.goods;
    let states: Vec<FulfillmentState> = details.story.iter().filter_map(changed).collect();
    times
        .into_iter()
        .flatten()
        .filter(move |(moved, _)| !states.iter().any(|state| moved.reaches(*state)))
        .filter_map(|(moved, at)| Some((at?, moved)))
}

impl StoryEvent<'_> {
    /// In a line.
    pub(crate) fn english(&self) -> String {
        match self {
            StoryEvent::Placed => "placed".to_owned(),
            StoryEvent::PaymentTimeEnded => "its time to be paid ended".to_owned(),
            StoryEvent::RefundAsked(request) => {
                let (amount, by) = (Fen::new(request.amount), &request.asked_by);
                format!("refund of {amount} yuan asked for by {by}: {}", request.reason)
            }
            StoryEvent::Amended(row) => amended(row),
            StoryEvent::Message(message) => message_text(message),
            StoryEvent::Goods(GoodsMove::Wait) => "goods wait".to_owned(),
            StoryEvent::Goods(GoodsMove::Delivered) => "goods delivered".to_owned(),
            StoryEvent::Goods(GoodsMove::Returned) => "goods returned".to_owned(),
            StoryEvent::ReviewRaised(review) => {
                format!("review {} raised: {}", review.id, review.reason)
            }
            StoryEvent::ReviewDecided(review) => {
                let by = review.decided_by.as_deref().unwrap_or_default();
                let decision = review.decision.as_deref().unwrap_or("ended");
                let note = review.note.as_deref().unwrap_or_default();
                format!("review {} decided by {by}: {decision} {note}", review.reason)
            }
            StoryEvent::LetterHandled(row) => {
                let note = row.note.as_deref().unwrap_or_default();
                let line = format!("dead letter {} by {} {note}", row.action, row.done_by);
                line.trim_end().to_owned()
            }
            StoryEvent::LetterDied(letter) => {
                let id = short(&letter.message_id);
                format!("dead letter {id}, {}: {}", letter.reason, letter.error)
            }
            StoryEvent::CameBack(came) => came_back(came),
            StoryEvent::EventPublished(event) => format!("event {} published", event.event),
            StoryEvent::RowsRemoved => ROWS_REMOVED.to_owned(),
        }
    }

    /// How a message arrived: its signature, its retries.
    pub(crate) fn detail(&self) -> Option<String> {
        let StoryEvent::Message(message) = self else { return None };
        let mut parts = Vec::new();
        if let Some(signature) = &message.signature {
            let word = if signature.valid { "valid today" } else { "NOT VALID today" };
            parts.push(format!("signature {word}: {}", signature.result));
        }
        let waited = (message.at.0 - message.received_at.0).num_seconds();
        if waited > 0 {
            parts.push(format!("received at {}, {waited} s before", message.received_at));
        }
        match message.attempts {
            0 => {}
            1 => parts.push("after 1 retry".to_owned()),
            several => parts.push(format!("after {several} retries")),
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// What was amended, by whom and why.
fn amended(row: &AmendmentRow) -> String {
    let changes: Vec<String> = changes_of(row).iter().map(TermChange::text).collect();
    let AmendmentRow { state, proposed_by, reason, .. } = row;
    let second = row.decided_by.as_ref().map_or_else(String::new, |by| format!(" and {by}"));
    format!("amendment {state} by {proposed_by}{second}: {}, because: {reason}", changes.join(", "))
}

/// A message that was redelivered without an acknowledgement.
fn came_back(came: &RedeliveryRow) -> String {
    let id = short(&came.message_id);
    let times = match came.count {
        1 => "once".to_owned(),
        several => format!("{several} times"),
    };
    format!(
        "a message ({id}) came back {times} without an answer: a worker died or lost its connection while it \
         worked on it; at the third time it becomes a dead letter (kills_workers)"
    )
}

fn message_text(message: &StoryMessage) -> String {
    let what = message.trade_status.as_deref().unwrap_or(&message.kind);
    let mut line = match message.kind() {
        Some(MessageKind::QueryAnswer) => format!("the gateway answered {what}"),
        Some(MessageKind::RefundAnswer) => "the gateway answered that a refund was made".to_owned(),
        Some(MessageKind::Expiry) => {
            "the gateway answered that there is nothing to close".to_owned()
        }
        Some(MessageKind::QueryRequest) => "a query of the gateway was requested".to_owned(),
        Some(MessageKind::Decision) => format!("a person decided {what}"),
        Some(MessageKind::TradeStatus | MessageKind::BatchRefund) | None => {
            format!("Alipay notified {what}")
        }
    };
    if let Some(trade_no) = &message.trade_no {
        line.push_str(&format!(" for trade {trade_no}"));
    }
    line.push_str(": ");
    line.push_str(&outcome(message));
    if message.outcome != MessageOutcome::Rejected
        && let Some(odd) = &message.error
    {
        line.push_str(&format!("; {odd}"));
    }
    if message.changes_not_kept > 0 {
        let orders = count(message.changes_not_kept, "more order");
        line.push_str(&format!("; what it changed of {orders} is not kept"));
    }
    if message.seen > 1 {
        line.push_str(&format!(" (seen {} times, last {})", message.seen, message.last_seen));
    }
    line
}

fn outcome(message: &StoryMessage) -> String {
    let words = match message.outcome {
        // The outcome is that of the latest run; what an earlier one applied stays in the row.
        MessageOutcome::Applied | MessageOutcome::Unchanged if message.has_news() => {
            return news(message);
        }
        MessageOutcome::Applied if message.kind() == Some(MessageKind::QueryRequest) => {
            "a worker asks"
        }
        MessageOutcome::Applied => "noted",
        MessageOutcome::Unchanged => "nothing new",
        MessageOutcome::Unknown => "a trade status that this version does not know",
        MessageOutcome::Rejected => {
            let reason = message.reason.as_deref().unwrap_or(NO_REASON);
            let error = message.error.as_deref().unwrap_or("no evidence");
            return format!("rejected, {reason}: {error}");
        }
    };
    words.to_owned()
}

fn news(message: &StoryMessage) -> String {
    let mut facts = message.facts_added.0;
    if facts.contains(Facts::REFUNDED_IN_FULL) {
        // What goes back in full went back in part, too: only one of the two is news.
        facts -= Facts::REFUNDED_IN_PART;
    }
    let facts = Some(FactList(facts).to_string()).filter(|facts| !facts.is_empty());
    facts.into_iter().chain(message.changes.iter().flat_map(steps)).collect::<Vec<_>>().join("; ")
}

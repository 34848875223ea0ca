//! An order as a story for a person: what it is, one line per happening in Beijing time, and at the
//! end what was not done and why.

mod not_done;

use alipay::Fen;
use order::time_limit;
use store::BeijingTime;
use store::dead_letter::Letter;
use store::redelivery::Came;
use store::user_order::Order;

use crate::cli::output::plain;
use crate::operations::dead_letter::short;
use crate::operations::order::change::steps;
use crate::operations::order::details::{Happening, OrderPage, ProductLine};

pub(crate) use not_done::{in_retry_tiers, not_done};

/// The whole page as text.
pub(crate) fn tell(page: &OrderPage) -> String {
    let mut text = header(&page.order.row, &page.product);
    text.push('\n');
    for (at, line, detail) in happenings(page) {
        text.push_str(&format!("{at}  {}\n", plain(&line)));
        if let Some(detail) = detail {
            text.push_str(&format!("{:19}  {}\n", "", plain(&detail)));
        }
    }
    let goods = goods(page);
    if !goods.is_empty() {
        text.push_str("\ngoods\n");
        text.extend(goods.iter().map(|line| format!("  {}\n", plain(line))));
    }
    let not_done = not_done(page);
    if !not_done.is_empty() {
        text.push('\n');
        text.extend(not_done.iter().map(|line| format!("{}\n", plain(line))));
    }
    text.push_str(&format!("\nnext: {}\n", plain(&page.next_step)));
    text
}

/// What the order is, in a few lines.
pub(crate) fn header(row: &Order, product: &ProductLine) -> String {
    let mut lines = vec![
        format!("order {}: {}", row.id, in_words(row)),
        format!(
            "{} x {} ({}, {}), {} yuan, merchant {}",
            row.quantity,
            product.name,
            product.id,
            product.kind.as_str(),
            Fen::new(row.total_fee),
            row.merchant
        ),
    ];
    for (name, value) in [
        ("subject", &row.subject),
        ("account", &row.account),
        ("trade", row.trade_no.as_ref().unwrap_or(&String::new())),
        ("buyer", row.buyer_email.as_ref().unwrap_or(&String::new())),
    ] {
        if !value.is_empty() {
            lines.push(format!("{name} {value}"));
        }
    }
    if let Some(end) = row.expires_at {
        lines.push(match time_limit(row.created_at.0, Some(end.0), None) {
            Ok(_) => format!("can be paid until {end}"),
            Err(why) => format!("its time limit {end} does not count: {why}"),
        });
    }
    if let Some(paid) = row.paid_dtime {
        // A limit that does not count makes nothing late.
        let late = if limit(row).is_some_and(|end| paid > end) { ", late" } else { "" };
        lines.push(format!("paid {paid}{late}"));
    }
    if row.refunded_fee > 0 {
        lines.push(format!("refunded {} yuan", Fen::new(row.refunded_fee)));
    }
    lines.iter().map(|line| format!("{}\n", plain(line))).collect()
}

/// Until when the order can be paid, where its limit counts.
fn limit(row: &Order) -> Option<BeijingTime> {
    let counts = |end: &BeijingTime| time_limit(row.created_at.0, Some(end.0), None).is_ok();
    row.expires_at.filter(counts)
}

fn in_words(row: &Order) -> String {
    let words = match row.status {
        0 if row.trade_status == 1 => "placed, the buyer was asked to pay",
        0 if row.trade_status == 7 => "placed, paid to a seller's account that cannot receive yet",
        0 => "placed, nothing paid",
        8 if row.is_return_goods => "paid; the goods came back",
        8 if row.is_send_goods => "paid; delivered",
        8 => "paid; not delivered",
        4 => "finished, no refund is possible any more",
        32 if row.is_finish => "closed without payment",
        32 if row.paid_dtime.is_none() && row.expired_at.is_some() => {
            "closed: its time is over, and Alipay knew no trade to close"
        }
        32 => "closed after a payment: nobody knows yet where the money is",
        105 => "refunded in full and closed",
        106 => "a refund was refused or withdrawn, the trade went on",
        _ => "unknown to this version",
    };
    format!("{} {words}", row.status)
}

/// One line per happening, sorted by time, some with a second line.
pub(crate) fn happenings(page: &OrderPage) -> Vec<(BeijingTime, String, Option<String>)> {
    let mut lines = vec![(page.order.row.created_at, "placed".to_owned(), None)];
    let row = &page.order.row;
    if let Some(end) = limit(row).filter(|end| end.0 < page.read_at) {
        lines.push((end, "its time to be paid ended".to_owned(), None));
    }
    for request in &page.refund_requests {
        let (amount, by) = (Fen::new(request.amount), &request.asked_by);
        let line = format!("refund of {amount} yuan asked for by {by}: {}", request.reason);
        lines.push((request.created_at, line, None));
    }
    let told = page.story.iter();
    lines.extend(told.map(|told| (told.at, notification(told), arrival(told))));
    lines.extend(goods_moved_alone(page).into_iter().map(|(at, line)| (at, line, None)));
    for review in &page.reviews {
        let raised = format!("review {} raised: {}", review.id, review.reason);
        lines.push((review.raised_at, raised, None));
        if let (Some(at), Some(by)) = (review.ended_at, &review.decided_by) {
            let decision = review.decision.as_deref().unwrap_or("ended");
            let note = review.note.as_deref().unwrap_or_default();
            let line = format!("review {} decided by {by}: {decision} {note}", review.reason);
            lines.push((at, line, None));
        }
    }
    for letter in &page.dead_letters {
        let note = letter.note.as_deref().unwrap_or_default();
        let line = format!("dead letter {} by {} {note}", letter.action, letter.done_by);
        lines.push((letter.done_at, line.trim_end().to_owned(), None));
    }
    for letter in &page.unrecorded_letters {
        lines.push((letter.died_at, died(letter), None));
    }
    for came in &page.came_back {
        lines.push((came.last_seen, came_back(came), None));
    }
    for event in &page.events {
        if let Some(at) = event.published_at {
            lines.push((at, format!("event {} published", event.event), None));
        }
    }
    lines.sort_by_key(|(at, ..)| *at);
    lines
}

/// A dead letter that no worker has written into the inbox.
pub(crate) fn died(letter: &Letter) -> String {
    let id = short(&letter.message_id);
    format!("dead letter {id}, {}: {}", letter.reason, letter.error)
}

/// A message that nobody has come to an end with.
pub(crate) fn came_back(came: &Came) -> String {
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

/// How a notification arrived: its signature, its retries.
fn arrival(told: &Happening) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(signature) = &told.signature {
        let word = if signature.valid { "valid today" } else { "NOT VALID today" };
        parts.push(format!("signature {word}: {}", signature.said));
    }
    let waited = (told.at.0 - told.received_at.0).num_seconds();
    if waited > 0 {
        parts.push(format!("received at {}, {waited} s before", told.received_at));
    }
    match told.attempts {
        0 => {}
        1 => parts.push("after 1 retry".to_owned()),
        several => parts.push(format!("after {several} retries")),
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn notification(told: &Happening) -> String {
    let what = told.trade_status.as_deref().unwrap_or(&told.kind);
    let mut line = match told.kind.as_str() {
        "query_answer" => format!("the gateway answered {what}"),
        "refund_answer" => "the gateway answered that a refund was made".to_owned(),
        "expiry" => "the gateway answered that there is nothing to close".to_owned(),
        "query_request" => "somebody wants the gateway asked about it".to_owned(),
        "decision" => format!("a person decided {what}"),
        _ => format!("Alipay said {what}"),
    };
    if let Some(trade_no) = &told.trade_no {
        line.push_str(&format!(" of trade {trade_no}"));
    }
    line.push_str(": ");
    match told.outcome.as_str() {
        // The outcome is that of the latest run; what an earlier one applied stays on record.
        "applied" | "unchanged" if has_news(told) => line.push_str(&news(told)),
        "applied" if told.kind == "query_request" => line.push_str("a worker asks"),
        "applied" => line.push_str("noted"),
        "unchanged" => line.push_str("nothing new"),
        "unknown" => line.push_str("a trade status that this version does not know"),
        "rejected" => {
            let reason = told.reason.as_deref().unwrap_or("no reason");
            let error = told.error.as_deref().unwrap_or("no evidence");
            line.push_str(&format!("rejected, {reason}: {error}"));
        }
        other => line.push_str(other),
    }
    if told.outcome != "rejected"
        && let Some(odd) = &told.error
    {
        line.push_str(&format!("; {odd}"));
    }
    if told.changes_not_kept > 0 {
        let more = told.changes_not_kept;
        let orders = crate::plural::count(more, "more order");
        line.push_str(&format!("; what it changed of {orders} is not kept"));
    }
    if told.seen > 1 {
        line.push_str(&format!(" (seen {} times, last {})", told.seen, told.last_seen));
    }
    line
}

fn has_news(told: &Happening) -> bool {
    !told.facts_added.is_empty() || told.changes.as_ref().is_some_and(|it| !steps(it).is_empty())
}

fn news(told: &Happening) -> String {
    // What goes back in full went back in part, too: only one of the two is news.
    let full = told.facts_added.iter().any(|fact| fact == "refunded_in_full");
    let facts = told.facts_added.iter().filter(|fact| !full || *fact != "refunded_in_part");
    let facts = facts.map(String::as_str).collect::<Vec<_>>().join(", ");
    let facts = Some(facts).filter(|facts| !facts.is_empty());
    facts.into_iter().chain(told.changes.iter().flat_map(steps)).collect::<Vec<_>>().join("; ")
}

/// What happened to the goods without a notification: stock arrived, a person acted.
fn goods_moved_alone(page: &OrderPage) -> Vec<(BeijingTime, String)> {
    let Some(fulfillment) = &page.fulfillment else { return Vec::new() };
    let told = |states: &[&str]| {
        page.story
            .iter()
            .filter_map(|told| told.changes.as_ref()?.goods.as_deref())
            .any(|goods| states.contains(&goods))
    };
    let moves = [
        (
            fulfillment.waiting_since,
            &["awaiting_stock", "awaiting_manual", "awaiting_account"][..],
            "goods wait",
        ),
        (fulfillment.delivered_at, &["delivered"], "goods delivered"),
        (fulfillment.returned_at, &["returned"], "goods returned"),
    ];
    moves
        .into_iter()
        .filter(|(_, states, _)| !told(states))
        .filter_map(|(at, _, what)| Some((at?, what.to_owned())))
        .collect()
}

fn goods(page: &OrderPage) -> Vec<String> {
    let mut lines: Vec<String> =
        page.goods.iter().map(|code| format!("{} {}", code.code, code.state)).collect();
    if page.fulfillment.as_ref().is_some_and(|it| it.is_imported) {
        lines.push("delivered by another system, before the order was imported".to_owned());
    }
    if let Some(entitlement) = &page.entitlement {
        let account = &entitlement.account;
        lines.push(format!(
            "{} for {account}, paid {}; with all its orders {account} has it until {}",
            crate::plural::count(entitlement.days, "day"),
            entitlement.starts_at,
            entitlement.account_until
        ));
    }
    lines
}

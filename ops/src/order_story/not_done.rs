//! What was not done with an order, and why.

use alipay::Fen;
use chrono::{DateTime, TimeDelta, Utc};
use order::{Facts, ProductKind, time_limit};
use store::report::{BeijingTime, Order, RefundRequestLine};
use store::retry_copy::WaitingCopy;
use worker::retry_copies::OVERDUE_AFTER;

use super::came_back;
use crate::order_page::OrderPage;
use crate::review_case::{evidence, meaning};

/// What was not done, and why.
pub(crate) fn not_done(page: &OrderPage) -> Vec<String> {
    let mut lines: Vec<String> = not_delivered(page).into_iter().collect();
    lines.extend(not_closed(&page.order.row, page.read_at));
    lines.extend(page.refund_requests.iter().filter_map(not_refunded));
    for review in page.reviews.iter().filter(|review| review.state == "open") {
        let evidence = if review.evidence.is_empty() {
            String::new()
        } else {
            format!(" ({})", evidence(review))
        };
        lines.push(format!("in review: {}{evidence}: {}", review.reason, meaning(review)));
    }
    lines.extend(in_retry_tiers(&page.retries, page.read_at));
    lines.extend(
        page.came_back.iter().map(|came| format!("not worked on yet: {}", came_back(came))),
    );
    let rejected = page.story.iter().filter(|told| told.outcome == "rejected").count()
        + page.unrecorded_letters.len();
    if rejected > 0 {
        lines.push(format!(
            "not applied: {} rejected, see `ops dlq list --order {}`",
            counted(rejected, "message was", "messages were"),
            page.order.row.id
        ));
    }
    let waiting: Vec<&str> = page
        .events
        .iter()
        .filter(|event| event.published_at.is_none())
        .map(|event| event.event.as_str())
        .collect();
    if !waiting.is_empty() {
        lines.push(format!("not published yet: {}", waiting.join(", ")));
    }
    lines
}

/// `1 message was`, `2 messages were`.
pub(crate) fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// Messages that name the order and wait in a retry tier.
pub(crate) fn in_retry_tiers(retries: &[WaitingCopy], now: DateTime<Utc>) -> Vec<String> {
    let late = TimeDelta::seconds(i64::from(OVERDUE_AFTER));
    let lines = retries.iter().map(|copy| {
        let (tier, due, since, retry) = (&copy.tier, copy.due_at, copy.first_seen, copy.attempt);
        if copy.due_at.0 + late < now {
            return format!(
                "not worked on: a message received at {since} should be back from {tier} since {due}: `ops \
                 retries list`"
            );
        }
        format!(
            "not worked on yet: a message received at {since} waits in {tier} until {due}, for retry {retry}"
        )
    });
    lines.collect()
}

/// An order whose time is over and that is neither paid nor closed.
fn not_closed(row: &Order, now: DateTime<Utc>) -> Option<String> {
    let end = row.expires_at.filter(|_| row.status == 0 && row.trade_status != 7)?;
    time_limit(row.created_at.0, Some(end.0), None).ok()?;
    (end.0 < now).then(|| {
        format!("not closed yet: its time ended at {end}; it is closed at Alipay first, then here")
    })
}

/// A refund that was asked for and is not known to be made.
fn not_refunded(request: &RefundRequestLine) -> Option<String> {
    let amount = Fen::new(request.amount);
    let error = request.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    let next = request.due_at.map(|at| format!("; a worker tries again at {at}"));
    let next = next.unwrap_or_default();
    (request.state != "accepted").then(|| {
        format!(
            "not refunded: {amount} yuan, asked for by {} as {}, {}{error}{next}",
            request.asked_by, request.request_no, request.state
        )
    })
}

/// A trade that came late, and was neither accepted nor given back.
fn is_late(page: &OrderPage) -> bool {
    page.trades.iter().any(|trade| Facts::from_column(&trade.facts.join(",")).is_late())
}

/// A trade whose goods wait for the gateway's word.
fn awaits_confirmation(page: &OrderPage) -> bool {
    page.trades.iter().any(|trade| {
        let has = |name: &str| trade.facts.iter().any(|fact| fact == name);
        has("to_be_confirmed") && !has("confirmed_paid")
    })
}

/// What the gateway was asked about the order.
fn asked(page: &OrderPage) -> String {
    let answers = page.story.iter().filter(|told| told.kind == "query_answer");
    let latest = answers.map(|told| (told.last_seen, told.trade_status.as_deref())).max();
    let row = page.gateway_query.as_ref();
    let mut parts = Vec::new();
    match (latest, row.and_then(|row| Some((row.asked_at?, row.answer.as_deref())))) {
        (Some((at, answer)), None) => parts.push(answered(at, answer)),
        (Some(told), Some(row)) if told.0 > row.0 => parts.push(answered(told.0, told.1)),
        (_, Some((at, answer))) => parts.push(answered(at, answer)),
        (None, None) => parts.push("the gateway was not asked".to_owned()),
    }
    if let Some(row) = row {
        if let Some(error) = &row.error {
            parts.push(format!("without an answer: {error}"));
        }
        parts.push(format!("it is asked again at {} ({})", row.due_at, row.why));
    }
    parts.join(", ")
}

fn answered(at: BeijingTime, answer: Option<&str>) -> String {
    let what = match answer {
        Some("TRADE_NOT_EXIST") => "it knows no trade",
        Some(answer) => answer,
        None => "no answer",
    };
    format!("gateway asked at {at}: {what}")
}

fn not_delivered(page: &OrderPage) -> Option<String> {
    let row = &page.order.row;
    let Some(fulfillment) = &page.fulfillment else {
        let why = match row.status {
            0 if row.trade_status == 7 => "the payment cannot be received yet (TRADE_PENDING)",
            0 => "not paid",
            32 if page.has_fact("paid") => "closed after a payment, the money's place is unknown",
            32 => "closed without payment",
            8 | 4 | 106 if is_late(page) => "paid after the order's time, and such money goes back",
            8 | 4 | 106 if awaits_confirmation(page) => {
                "a notification says paid, and merchants.NAME.confirm wants the gateway's word first"
            }
            105 => "refunded before anything was delivered",
            _ => "paid, but no worker has come to its goods yet",
        };
        return Some(format!("not delivered: {why}; {}", asked(page)));
    };
    let since = fulfillment.waiting_since.map_or_else(|| "?".to_owned(), |at| at.to_string());
    let units = fulfillment.units;
    let line = match fulfillment.state.as_str() {
        "awaiting_stock" => format!(
            "not delivered: waiting for stock since {since} ({units} units wanted, {} available)",
            page.available
        ),
        "awaiting_manual" => {
            format!("not delivered: waiting for a person to deliver since {since}")
        }
        "awaiting_account" => format!(
            "not delivered: the order names no account, waiting since {since}; name it: ops order account {} ACCOUNT",
            row.id
        ),
        "cancelled" if is_late(page) => {
            "not delivered: paid after the order's time, and such money goes back".to_owned()
        }
        "cancelled" => "not delivered: refunded while it waited".to_owned(),
        "delivered" if page.has_fact("refunded_in_part") => {
            "not taken back: only part of the money went back, and no message says for which unit"
                .to_owned()
        }
        "returned" if page.product.kind == ProductKind::Stock && fulfillment.is_imported => {
            "not taken back by this system: another one delivered the goods, a person has to take them back"
                .to_owned()
        }
        "returned" if page.product.kind == ProductKind::Manual => {
            "not taken back by this system: a person has to".to_owned()
        }
        _ => return None,
    };
    Some(line)
}

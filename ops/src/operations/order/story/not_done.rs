//! What was not done with an order, and why.

use std::collections::BTreeMap;

use alipay::{Fen, TRADE_NOT_EXIST};
use chrono::{DateTime, Utc};
use order::{
    Facts, FulfillmentState, MessageOutcome, OrderStatus, PaymentState, ProductKind,
    RefundRequestState, Undelivered,
};
use queue::MessageKind;
use store::BeijingTime;
use store::refund_request::RefundRequestLine;
use store::retry_copy::WaitingCopy;
use store::review::ReviewRow;

use super::StoryEvent;
use crate::operations::dead_letter::NO_REASON;
use crate::operations::order::details::{OrderDetails, TradeLine};
use crate::operations::order::next_step::{of_rejection, of_review};
use crate::operations::order::{payment, status};
use crate::operations::pause::ListedPause;
use crate::operations::review_case::{evidence, is_open, meaning};
use crate::plural;

/// What was not done, and why.
pub(crate) fn not_done(page: &OrderDetails) -> Vec<String> {
    lines(page, in_review(page))
}

/// The same without the open reviews, for callers that show them separately.
pub(crate) fn not_done_but_reviews(page: &OrderDetails) -> Vec<String> {
    lines(page, Vec::new())
}

/// The open reviews, each with what ends it.
fn in_review(page: &OrderDetails) -> Vec<String> {
    let open = page.reviews.iter().filter(|review| is_open(review));
    let line = |review: &ReviewRow| {
        let evidence = match evidence(review) {
            none if none.is_empty() => none,
            some => format!(" ({some})"),
        };
        let next = of_review(review).map(|next| format!("; next: {next}")).unwrap_or_default();
        format!("in review: {}{evidence}: {}{next}", review.reason, meaning(review))
    };
    open.map(line).collect()
}

fn lines(page: &OrderDetails, in_review: Vec<String>) -> Vec<String> {
    let mut lines: Vec<String> = page.pauses.iter().map(ListedPause::text).collect();
    if page.paused_messages > 0 {
        let messages = plural::count(page.paused_messages, "message");
        lines.push(format!("not worked on yet: {messages} about it, until the pause is over"));
    }
    lines.extend(not_delivered(page));
    lines.extend(not_closed(page));
    lines.extend(page.refund_requests.iter().filter_map(not_refunded));
    lines.extend(in_review);
    lines.extend(in_retry_tiers(&page.retries, page.read_at));
    lines.extend(
        page.came_back
            .iter()
            .map(|came| format!("not worked on yet: {}", StoryEvent::CameBack(came).english())),
    );
    lines.extend(rejected(page));
    lines.extend(other_trades(page));
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

/// Messages that were rejected, a line for each reason.
fn rejected(page: &OrderDetails) -> Vec<String> {
    let mut reasons: BTreeMap<&str, (usize, Option<&str>)> = BTreeMap::new();
    let rejected = page.story.iter().filter(|message| message.outcome == MessageOutcome::Rejected);
    // A trade that the order has is not to be given back because of another message about it.
    let is_own = |number: &str| page.trades.iter().any(|trade| trade.trade_no == number);
    let rejected = rejected.map(|it| {
        let stray = it.trade_no.as_deref().filter(|number| !is_own(number));
        (it.reason.as_deref().unwrap_or(NO_REASON), stray)
    });
    let unrecorded = page.unrecorded_letters.iter().map(|letter| (letter.reason.as_str(), None));
    for (reason, trade_no) in rejected.chain(unrecorded) {
        let entry = reasons.entry(reason).or_default();
        entry.0 += 1;
        entry.1 = entry.1.or(trade_no);
    }
    let order = &page.order.row.id;
    let line = |(reason, (count, trade_no)): (&str, (usize, Option<&str>))| {
        let (messages, were) =
            (plural::count(count, "message"), plural::verb(count, "was", "were"));
        let next = of_rejection(reason, order, trade_no);
        format!(
            "not applied: {messages} {were} rejected as {reason}, see `ops dlq list --order {order}`; next: {next}"
        )
    };
    reasons.into_iter().map(line).collect()
}

/// What happened to the money of trades that paid the order besides the one that it goes by.
fn other_trades(page: &OrderDetails) -> Vec<String> {
    let row = &page.order.row;
    let Some(own) = row.trade_no.as_deref() else { return Vec::new() };
    let others = page.trades.iter().filter(|trade| trade.trade_no != own && trade.has(Facts::PAID));
    let total = Fen::new(row.total_fee);
    let line = |trade: &TradeLine| {
        let (number, back) = (&trade.trade_no, Fen::new(trade.refunded_fee()));
        if trade.has(Facts::REFUNDED_IN_FULL) {
            let stays = match status(row) {
                Some(OrderStatus::Refunded) => format!("and so was trade {own}"),
                _ => format!("the order stays paid by trade {own}"),
            };
            return format!(
                "another payment {number} of {total} yuan was given back in full; {stays}"
            );
        }
        let so_far = match back > Fen::new(0) {
            true => format!(", of which {back} yuan went back"),
            false => String::new(),
        };
        format!(
            "another payment {number} of {total} yuan is with us{so_far}; next: `ops refund {} --trade-no {number} \
             --all --reason \"paid twice\"`",
            row.id
        )
    };
    others.map(line).collect()
}

/// Messages that name the order and wait in a retry tier.
pub(crate) fn in_retry_tiers(retries: &[WaitingCopy], now: DateTime<Utc>) -> Vec<String> {
    let lines = retries.iter().map(|copy| {
        let (tier, due, since, retry) = (&copy.tier, copy.due_at, copy.first_seen, copy.attempt);
        if copy.is_overdue(now) {
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
fn not_closed(page: &OrderDetails) -> Option<String> {
    let limit = page.limit.ok().flatten().map(|end| end.0);
    let end = payment(&page.order.row)?.unpaid_since(limit, page.read_at).map(BeijingTime)?;
    Some(format!(
        "not closed yet: its time ended at {end}; it is closed at Alipay first, then here"
    ))
}

/// A refund that was asked for and is not known to be made.
fn not_refunded(request: &RefundRequestLine) -> Option<String> {
    let amount = Fen::new(request.amount);
    let state = request.state.parse().ok();
    let error = request.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
    let next = request.due_at.map(|at| format!("; a worker tries again at {at}"));
    let next = next.unwrap_or_else(|| {
        let order = &request.order_id;
        match state {
            Some(RefundRequestState::Asked) => format!("; next: repeat the same `ops refund {order} ...`, it is the same refund"),
            Some(RefundRequestState::Unknown) => format!("; next: repeat the same `ops refund {order} ...`, which asks for its result"),
            _ => format!(
                "; next: correct what Alipay refused, then repeat the same `ops refund {order} ...`, or pay back in another way"
            ),
        }
    });
    (state != Some(RefundRequestState::Accepted)).then(|| {
        format!(
            "not refunded: {amount} yuan, asked for by {} as {}, {}{error}{next}",
            request.asked_by, request.request_no, request.state
        )
    })
}

/// Part of the money that the order goes by went back, and not all of it.
fn is_refunded_in_part(page: &OrderDetails) -> bool {
    page.facts.contains(Facts::REFUNDED_IN_PART) && !page.facts.contains(Facts::REFUNDED_IN_FULL)
}

/// What the gateway was asked about the order.
fn asked(page: &OrderDetails) -> String {
    let answers =
        page.story.iter().filter(|message| message.kind() == Some(MessageKind::QueryAnswer));
    let latest = answers.map(|message| (message.last_seen, message.trade_status.as_deref())).max();
    let row = page.gateway_query.as_ref();
    let mut parts = Vec::new();
    match (latest, row.and_then(|row| Some((row.asked_at?, row.answer.as_deref())))) {
        (Some((at, answer)), None) => parts.push(answered(at, answer)),
        (Some(latest), Some(row)) if latest.0 > row.0 => {
            parts.push(answered(latest.0, latest.1));
        }
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
        Some(TRADE_NOT_EXIST) => "it knows no trade",
        Some(answer) => answer,
        None => "no answer",
    };
    format!("gateway asked at {at}: {what}")
}

fn not_delivered(page: &OrderDetails) -> Option<String> {
    let row = &page.order.row;
    let Some(fulfillment) = &page.fulfillment else {
        return Some(format!("not delivered: {}; {}", no_goods(page), asked(page)));
    };
    let since = fulfillment.waiting_since.map_or_else(|| "?".to_owned(), |at| at.to_string());
    let units = fulfillment.units;
    let line = match fulfillment.state {
        FulfillmentState::AwaitingStock => format!(
            "not delivered: waiting for stock since {since} ({units} units wanted, {} available)",
            page.available
        ),
        FulfillmentState::AwaitingManual => {
            format!("not delivered: waiting for a person to deliver since {since}")
        }
        FulfillmentState::AwaitingAccount => format!(
            "not delivered: the order names no account, waiting since {since}; name it: ops order account {} ACCOUNT",
            row.id
        ),
        FulfillmentState::Cancelled if page.facts.is_late() => {
            "not delivered: paid after the order's time limit, and such payments are refunded".to_owned()
        }
        FulfillmentState::Cancelled => "not delivered: refunded while it waited".to_owned(),
        FulfillmentState::Delivered if is_refunded_in_part(page) => format!(
            "not taken back: only part of the money went back ({} of {} yuan), and no message says for which unit",
            Fen::new(row.refunded_fee),
            Fen::new(row.total_fee)
        ),
        FulfillmentState::Returned
            if page.product.kind == ProductKind::Stock && fulfillment.is_imported =>
        {
            "not taken back by this system: another one delivered the goods, a person has to take them back"
                .to_owned()
        }
        FulfillmentState::Returned if page.product.kind == ProductKind::Manual => {
            "not taken back by this system: a person has to".to_owned()
        }
        FulfillmentState::Delivered | FulfillmentState::Returned => return None,
    };
    Some(line)
}

/// Why nothing was done with the goods.
fn no_goods(page: &OrderDetails) -> &'static str {
    match (page.undelivered(), payment(&page.order.row)) {
        (Some(Undelivered::PaymentPending), _) => {
            "the payment cannot be received yet (TRADE_PENDING)"
        }
        (Some(Undelivered::PaymentInDoubt), _) => {
            "closed after a payment, it is not known where the money is"
        }
        (Some(Undelivered::PaidLate), _) => {
            "paid after the order's time limit, and such payments are refunded"
        }
        (Some(Undelivered::AwaitingConfirmation), _) => {
            "a notification says paid, and merchants.NAME.confirm requires the gateway's confirmation first"
        }
        (Some(_), _) => "paid, but no worker has processed its goods yet",
        (None, Some(PaymentState::Refunded)) => "refunded before anything was delivered",
        (None, Some(payment)) if payment.is_closed_unpaid() => "closed without payment",
        (None, _) => "not paid",
    }
}

//! An order as a story for a person: what it is, what happened to it, and what was not done and why.

mod event;
mod not_done;

use alipay::Fen;
use order::{OrderStatus, PaymentState, TradeStatusCode};
use store::user_order::OrderRow;

use crate::operations::order::details::{OrderDetails, ProductLine};
use crate::operations::order::{TimeLimit, payment, status};
use crate::plural::count;

pub(crate) use event::{GoodsMove, StoryEvent, happenings};
pub(crate) use not_done::{in_retry_tiers, not_done, not_done_but_reviews};

/// What the order is, in a few lines.
pub(crate) fn header(page: &OrderDetails) -> Vec<String> {
    header_of_row(&page.order.row, &page.product, page.limit)
}

/// The same of an order that has just been placed.
pub(crate) fn header_of_row(
    row: &OrderRow,
    product: &ProductLine,
    limit: TimeLimit,
) -> Vec<String> {
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
        ("buyer", row.parties.buyer_email.as_ref().unwrap_or(&String::new())),
    ] {
        if !value.is_empty() {
            lines.push(format!("{name} {value}"));
        }
    }
    if let Some(end) = row.expires_at {
        lines.push(match limit {
            Ok(_) => format!("can be paid until {end}"),
            Err(why) => format!("its time limit {end} does not count: {why}"),
        });
    }
    if let Some(paid) = row.paid_dtime {
        // A limit that does not count makes nothing late.
        let late = if limit.ok().flatten().is_some_and(|end| paid > end) { ", late" } else { "" };
        lines.push(format!("paid {paid}{late}"));
    }
    if row.refunded_fee > 0 {
        lines.push(format!("refunded {} yuan", Fen::new(row.refunded_fee)));
    }
    lines
}

fn in_words(row: &OrderRow) -> String {
    let (Some(status), Some(payment)) = (status(row), payment(row)) else {
        return format!("{} unknown to this version", row.status);
    };
    let words = match (payment, status) {
        (PaymentState::Pending, _) => "placed, paid to a seller's account that cannot receive yet",
        (PaymentState::Unpaid, _) if row.trade_status == TradeStatusCode::WaitBuyerPay.code() => {
            "placed, the buyer was asked to pay"
        }
        (PaymentState::Unpaid, _) => "placed, nothing paid",
        (PaymentState::Expired, _) => "closed: its time is over, and Alipay knew no trade to close",
        (PaymentState::ClosedUnpaid, _) => "closed without payment",
        (PaymentState::InDoubt, _) => {
            "closed after a payment: it is not known yet where the money is"
        }
        (PaymentState::Refunded, _) => "refunded in full and closed",
        (PaymentState::Paid, OrderStatus::Finished) => "finished, no refund is possible any more",
        (PaymentState::Paid, OrderStatus::RefundClosed) => {
            "a refund was refused or withdrawn, the trade went on"
        }
        (PaymentState::Paid, _) if row.is_return_goods => "paid; the goods came back",
        (PaymentState::Paid, _) if row.is_send_goods => "paid; delivered",
        (PaymentState::Paid, _) => "paid; not delivered",
    };
    format!("{} {words}", row.status)
}

/// What went out, a line each.
pub(crate) fn goods(page: &OrderDetails) -> Vec<String> {
    let mut lines: Vec<String> =
        page.goods.iter().map(|code| format!("{} {}", code.code, code.state)).collect();
    if page.fulfillment.as_ref().is_some_and(|it| it.is_imported) {
        lines.push("delivered by another system, before the order was imported".to_owned());
    }
    if let Some(entitlement) = &page.entitlement {
        let account = &entitlement.account;
        lines.push(format!(
            "{} for {account}, paid {}; with all its orders {account} has it until {}",
            count(entitlement.days, "day"),
            entitlement.starts_at,
            entitlement.account_until
        ));
    }
    lines
}

//! The legacy gateway's notifications, parameter by parameter.
//!
//! Names, order and formats are those of captured messages: not sorted, two decimals everywhere,
//! `gmt_refund` alone with milliseconds, no `charset`.

use alipay::{Fen, format_beijing};
use chrono::{DateTime, SubsecRound, Utc};

use crate::{AlipayTrade, NotificationKind, Status};

/// One line of a batch of refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRefundLine {
    /// The trade that was refunded.
    pub trade_no: String,
    /// How much.
    pub amount: Fen,
    /// `SUCCESS`, or an error code such as `TRADE_HAS_CLOSED`.
    pub result: String,
}

impl BatchRefundLine {
    /// A refund that worked.
    pub fn success(trade_no: &str, amount: Fen) -> BatchRefundLine {
        BatchRefundLine::failed(trade_no, amount, "SUCCESS")
    }

    /// A refund that failed, with Alipay's error code.
    pub fn failed(trade_no: &str, amount: Fen, code: &str) -> BatchRefundLine {
        BatchRefundLine { trade_no: trade_no.to_owned(), amount, result: code.to_owned() }
    }
}

/// Parameters in the order of sending; those without a value are not sent.
pub(crate) fn present<'a, Name: From<&'a str>, const N: usize>(
    all: [(&'a str, Option<String>); N],
) -> Vec<(Name, String)> {
    all.into_iter().filter_map(|(name, value)| Some((name.into(), value?))).collect()
}

/// A time to the second, as every `gmt_*` but one.
pub(crate) fn seconds(at: DateTime<Utc>) -> String {
    format_beijing(at.trunc_subsecs(0))
}

/// A time with milliseconds, always three digits: `gmt_refund`.
pub(crate) fn milliseconds(at: DateTime<Utc>) -> String {
    format!("{}.{:03}", seconds(at), at.timestamp_subsec_millis())
}

pub(crate) fn trade_status_sync(
    trade: &AlipayTrade,
    kind: NotificationKind,
    notify_id: &str,
    at: DateTime<Utc>,
) -> Vec<(String, String)> {
    let text = |text: &str| Some(text.to_owned());
    let total = || Some(trade.total.to_string());
    // A close that is silent about the money is silent about refunds before it, too.
    let refund = trade.refunds.last().filter(|_| kind != NotificationKind::CloseAfterPayment);
    let refund_status = match (kind, refund) {
        (NotificationKind::RefundClosed, _) => text("REFUND_CLOSED"),
        (_, Some(_)) => text("REFUND_SUCCESS"),
        (_, None) => None,
    };
    let gmt_refund = refund.filter(|_| kind != NotificationKind::RefundClosed);
    // Alipay says Y while it waits for the payment, N afterwards (seen in a captured flow).
    let adjustable = if trade.status == Status::WaitBuyerPay { "Y" } else { "N" };
    present([
        ("refund_status", refund_status),
        ("discount", text("0.00")),
        ("payment_type", text("1")),
        ("subject", text(&trade.subject)),
        ("trade_no", text(&trade.trade_no)),
        ("buyer_email", text(&trade.buyer.account)),
        ("gmt_create", Some(seconds(trade.gmt_create))),
        ("notify_type", text("trade_status_sync")),
        ("quantity", text("1")),
        ("out_trade_no", text(&trade.out_trade_no)),
        ("gmt_refund", gmt_refund.map(|refund| milliseconds(refund.gmt_refund))),
        ("seller_id", text(&trade.merchant.seller_id)),
        ("notify_time", Some(seconds(at))),
        ("body", text(trade.body.as_ref().unwrap_or(&trade.subject))),
        ("extra_common_param", trade.passback.clone()),
        ("trade_status", text(trade.status.name())),
        ("is_total_fee_adjust", text(adjustable)),
        ("total_fee", total()),
        ("gmt_payment", trade.gmt_payment.map(seconds)),
        ("seller_email", text(&trade.merchant.seller_email)),
        ("gmt_close", trade.gmt_close.map(seconds)),
        ("price", total()),
        ("buyer_id", text(&trade.buyer.id)),
        ("notify_id", text(notify_id)),
        ("use_coupon", text("N")),
        ("sign_type", text("")),
        ("sign", text("")),
    ])
}

pub(crate) fn batch_refund_notify(
    batch_no: &str,
    items: &[BatchRefundLine],
    notify_id: &str,
    at: DateTime<Utc>,
) -> Vec<(String, String)> {
    let text = |text: &str| Some(text.to_owned());
    let details: Vec<String> = items
        .iter()
        .map(|item| format!("{}^{}^{}", item.trade_no, item.amount, item.result))
        .collect();
    let successes = items.iter().filter(|item| item.result == "SUCCESS").count();
    present([
        ("sign", text("")),
        ("result_details", Some(details.join("#"))),
        ("notify_time", Some(seconds(at))),
        ("sign_type", text("")),
        ("notify_type", text("batch_refund_notify")),
        ("notify_id", text(notify_id)),
        ("batch_no", text(batch_no)),
        ("success_num", Some(successes.to_string())),
    ])
}

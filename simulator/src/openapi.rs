//! The Open Platform's notifications, parameter by parameter.
//!
//! Names, order and formats are those of captured messages. Which fields come with which event is
//! what tells the events apart: a partial refund is `TRADE_SUCCESS` like the payment, and an
//! unpaid close carries `refund_fee` like a refund, of `0.00`.

use chrono::{DateTime, Utc};

use crate::mapi::{milliseconds, present, seconds};
use crate::{AlipayTrade, NotificationKind};

pub(crate) fn trade_status_sync(
    trade: &AlipayTrade,
    kind: NotificationKind,
    notify_id: &str,
    at: DateTime<Utc>,
) -> Vec<(String, String)> {
    let text = |text: &str| Some(text.to_owned());
    // Only the notification of a payment says how it was paid.
    let pays = matches!(kind, NotificationKind::Pay | NotificationKind::PayFinished);
    let paid = || pays.then(|| trade.total.to_string());
    let refund = trade.refunds.last().filter(|_| kind != NotificationKind::CloseAfterPayment);
    let refund_fee = match kind {
        // The running total, not this refund's amount; zero where nothing was refunded.
        NotificationKind::Close | NotificationKind::Finish | NotificationKind::PayFinished => {
            Some(trade.refunded().to_string())
        }
        _ => refund.map(|_| trade.refunded().to_string()),
    };
    let funds = || {
        let amount = trade.total;
        pays.then(|| format!(r#"[{{"amount":"{amount}","fundChannel":"ALIPAYACCOUNT"}}]"#))
    };
    present([
        ("gmt_create", Some(seconds(trade.gmt_create))),
        ("charset", Some(trade.merchant.charset.name().to_uppercase())),
        ("seller_email", text(&trade.merchant.seller_email)),
        ("subject", text(&trade.subject)),
        ("body", trade.body.clone()),
        ("passback_params", trade.passback.clone()),
        ("sign", text("")),
        ("gmt_refund", refund.map(|refund| milliseconds(refund.gmt_refund))),
        ("out_biz_no", refund.map(|refund| refund.request_no.clone())),
        ("buyer_id", text(&trade.buyer.id)),
        ("invoice_amount", paid()),
        ("notify_id", text(notify_id)),
        ("fund_bill_list", funds()),
        ("notify_type", text("trade_status_sync")),
        ("trade_status", text(trade.status.name())),
        ("receipt_amount", paid()),
        ("refund_fee", refund_fee),
        (
            "refund_status",
            (kind == NotificationKind::RefundClosed).then(|| "REFUND_CLOSED".to_owned()),
        ),
        ("app_id", text(&trade.merchant.app_id)),
        ("buyer_pay_amount", paid()),
        ("sign_type", text("")),
        ("seller_id", text(&trade.merchant.seller_id)),
        ("gmt_payment", trade.gmt_payment.map(seconds)),
        ("notify_time", Some(seconds(at))),
        ("version", text("1.0")),
        ("out_trade_no", text(&trade.out_trade_no)),
        ("total_amount", Some(trade.total.to_string())),
        ("trade_no", text(&trade.trade_no)),
        ("auth_app_id", text(&trade.merchant.app_id)),
        ("gmt_close", trade.gmt_close.map(seconds)),
        ("buyer_logon_id", Some(masked(&trade.buyer.account))),
        ("point_amount", pays.then(|| "0.00".to_owned())),
    ])
}

/// An account as the Open Platform shows it: `buy***@example.com`.
pub(crate) fn masked(account: &str) -> String {
    let kept: String = account.chars().take(3).collect();
    match account.split_once('@') {
        Some((_, domain)) => format!("{kept}***@{domain}"),
        None => format!("{kept}***"),
    }
}

//! The legacy gateway's services for programs.

use alipay::{Charset, Fen, Form};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;

use super::mapi::{ErrorCode, MapiCall};
use super::step::StepError;
use super::trade_store::TradeSelector;
use super::xml::{self, Fields};
use super::{Alipay, answer};
use crate::account::sign_type;
use crate::mapi::{milliseconds, present, seconds};
use crate::{Account, AlipayTrade};

/// How long an anti-phishing key is good. (docs/protocol.md §9.4)
const KEY_TIME: TimeDelta = TimeDelta::seconds(30);
/// How long the id of a return page can be asked about. (docs/protocol.md §6)
const RETURN_TIME: TimeDelta = TimeDelta::seconds(60);

pub(super) fn single_trade_query(call: &MapiCall<'_>) -> Result<Response, ErrorCode> {
    let trade = find(call, "out_trade_no")?;
    let signer = call.account.answering(sign_type(call.form));
    let faults = &call.alipay.settings.gateway;
    Ok(xml::signed("trade", fields(&trade), call.form, call.charset, &signer, faults))
}

/// Closes an unpaid trade. The order number is called `out_order_no` here, and there is no signed
/// part in the answer. (docs/protocol.md §9.4)
pub(super) fn close_trade(call: &MapiCall<'_>) -> Result<Response, ErrorCode> {
    let trade = find(call, "out_order_no")?;
    let closed = call.alipay.step(&trade.trade_no, None, |trade, at| Ok(vec![trade.close(at)?]));
    match closed {
        Ok(_) => Ok(xml::done(call.charset)),
        Err(StepError::NotFound) => Err("TRADE_NOT_EXIST"),
        Err(StepError::Trade(_)) => Err("TRADE_STATUS_NOT_AVAILD"),
        Err(StepError::File(_)) => Err("SYSTEM_ERROR"),
    }
}

/// The merchant's trade that a request names.
fn find(call: &MapiCall<'_>, order: &str) -> Result<AlipayTrade, ErrorCode> {
    let (trade_no, order) = (call.text("trade_no")?, call.text(order)?);
    if trade_no.is_none() && order.is_none() {
        return Err("ILLEGAL_ARGUMENT");
    }
    let which = TradeSelector { out_trade_no: order.as_deref(), trade_no: trade_no.as_deref() };
    let find = |trades: &_| which.find(trades, &call.account.name).map(|kept| kept.trade.clone());
    call.alipay.trade_store.read(find).map_err(|_| "SYSTEM_ERROR")?.ok_or("TRADE_NOT_EXIST")
}

/// Whether an id is one of ours: `true` until its notification was answered `success`, `false`
/// afterwards and for an unknown one, `invalid` for a request that cannot be understood. Unsigned
/// both ways. (docs/protocol.md §6)
pub(super) fn notify_verify(alipay: &Alipay, form: &Form, account: Option<&Account>) -> Response {
    let id = std::str::from_utf8(form.get("notify_id").unwrap_or_default()).unwrap_or("");
    let (Some(account), false) = (account, id.is_empty()) else {
        return answer::text(StatusCode::OK, "invalid");
    };
    if let Some((given, ())) = alipay.tickets.returns.find(id) {
        return answer::text(StatusCode::OK, (alipay.now() - given < RETURN_TIME).to_string());
    }
    let known = alipay.trade_store.read(|trades| {
        let orders = trades.merchants.get(&account.name)?;
        let mut notifications = orders.values().flatten().flat_map(|kept| &kept.notifications);
        notifications.find(|it| it.notify_id == id).map(|_| ())
    });
    let over = || {
        let attempts = alipay.outgoing.sent(id).map(|sent| sent.attempts).unwrap_or_default();
        attempts.iter().any(crate::Attempt::is_success)
    };
    match known {
        Ok(known) => answer::text(StatusCode::OK, (known.is_some() && !over()).to_string()),
        Err(_) => answer::text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
    }
}

/// A key against phishing, to be named in a pay link within 30 seconds.
pub(super) fn query_timestamp(
    alipay: &Alipay,
    account: &Account,
    form: &Form,
    charset: Charset,
) -> Response {
    let fields = vec![("encrypt_key", alipay.tickets.keys.give((), alipay.now()))];
    let signer = account.answering(sign_type(form));
    xml::signed("timestamp", fields, form, charset, &signer, &alipay.settings.gateway)
}

/// Whether a pay link's key against phishing is one of ours and fresh.
pub(super) fn check_anti_phishing_key(alipay: &Alipay, key: &str) -> Result<(), ErrorCode> {
    match alipay.tickets.keys.find(key) {
        None => Err("ILLEGAL_ANTI_PHISHING_KEY"),
        Some((given, ())) if alipay.now() - given > KEY_TIME => Err("ANTI_PHISHING_KEY_TIMEOUT"),
        Some(_) => Ok(()),
    }
}

/// What `single_trade_query` reports about a trade: flags are T and F here, and only this answer has
/// the refunded amount. (docs/protocol.md §9.3)
fn fields(trade: &AlipayTrade) -> Fields {
    let text = str::to_owned;
    let refund = trade.refunds.last();
    let paid = trade.gmt_payment.is_some();
    let received = if paid { trade.total } else { Fen::new(0) };
    let times = [trade.gmt_payment, trade.gmt_close, refund.map(|refund| refund.gmt_refund)];
    let last = times.into_iter().flatten().max().unwrap_or(trade.gmt_create);
    let closed = trade.gmt_close.is_some();
    present([
        ("additional_trade_status", closed.then(|| text("DAEMON_CONFIRM_CLOSE"))),
        ("body", Some(trade.body.as_ref().unwrap_or(&trade.subject).clone())),
        ("buyer_email", Some(trade.buyer.account.clone())),
        ("buyer_id", Some(trade.buyer.id.clone())),
        ("discount", Some(text("0.00"))),
        ("flag_trade_locked", Some(text("0"))),
        ("gmt_close", trade.gmt_close.map(seconds)),
        ("gmt_create", Some(seconds(trade.gmt_create))),
        ("gmt_last_modified_time", Some(seconds(last))),
        ("gmt_payment", trade.gmt_payment.map(seconds)),
        ("gmt_refund", refund.map(|refund| milliseconds(refund.gmt_refund))),
        ("is_total_fee_adjust", Some(text(if paid { "F" } else { "T" }))),
        ("operator_role", Some(text("B"))),
        ("out_trade_no", Some(trade.out_trade_no.clone())),
        ("payment_type", Some(text("1"))),
        ("price", Some(trade.total.to_string())),
        ("quantity", Some(text("1"))),
        ("refund_fee", refund.map(|_| trade.refunded().to_string())),
        ("refund_flow_type", refund.map(|_| text("MERCHANT"))),
        ("refund_status", refund.map(|_| text("REFUND_SUCCESS"))),
        ("seller_email", Some(trade.merchant.seller_email.clone())),
        ("seller_id", Some(trade.merchant.seller_id.clone())),
        ("subject", Some(trade.subject.clone())),
        ("to_buyer_fee", Some(trade.refunded().to_string())),
        ("to_seller_fee", Some(received.to_string())),
        ("total_fee", Some(trade.total.to_string())),
        ("trade_no", Some(trade.trade_no.clone())),
        ("trade_status", Some(text(trade.status.name()))),
        ("use_coupon", Some(text("F"))),
    ])
}

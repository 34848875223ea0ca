//! `refund_fastpay_by_platform_pwd`: a page on which a person types the payment password, and the
//! result comes by `batch_refund_notify` alone. (docs/protocol.md §9.2)

use alipay::Fen;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use service::language::say;
use service::page::{Column, fact, list};

use super::mapi::{ErrorCode, MapiCall};
use super::mapi_batch::Batch;
use super::request::RawForm;
use super::step::{FoundTrade, StepError};
use super::{Alipay, answer, page};
use crate::{
    AlipayTrade, BatchRefundLine, NotificationKind, Status, TradeError, UnsignedNotification,
};

/// Takes the batch and leads the browser to the page with the password.
pub(super) fn ask(call: &MapiCall<'_>) -> Result<Response, ErrorCode> {
    let batch = Batch::read(call)?;
    let ticket = call.alipay.tickets.batches.give(batch, call.alipay.now());
    Ok(answer::redirect(&format!("/refund/{ticket}")))
}

/// The page with the password.
pub(super) fn page(alipay: &Alipay, ticket: &str) -> Response {
    let Some((_, batch)) = alipay.tickets.batches.find(ticket) else { return gone() };
    let columns = [
        Column::text("交易号", "Trade"),
        Column::text("金额", "Amount"),
        Column::text("原因", "Reason"),
    ];
    let rows = batch.items.iter().map(|item| row(&item.trade_no, item.amount, &item.reason));
    let body = html! {
        table {
            (fact(say("商户", "Merchant"), &batch.merchant))
            (fact(say("批次号", "Batch"), &batch.batch_no))
        }
        h2 { (say("退款明细", "Refunds")) }
        (list(columns, rows))
        form method="post" {
            p {
                input type="password" name="password" placeholder=(say("支付密码", "password"))
                    required autofocus autocomplete="off";
                " "
                button.main { (say("确认退款", "Refund")) }
            }
        }
        p.note { (say("任何密码都可以。", "Any password does.")) }
    };
    page::page(StatusCode::OK, say("退款确认", "Confirm the refund"), body)
}

fn row(trade_no: &str, amount: Fen, text: &str) -> Markup {
    html! {
        tr {
            td { a href=(format!("/trades/{trade_no}")) { (trade_no) } }
            td { (amount.to_string()) }
            td { (text) }
        }
    }
}

/// The password was typed: makes the refunds and sends their notifications.
pub(super) fn confirm(alipay: &Alipay, ticket: &str, form: &RawForm) -> Response {
    let form = form.parameters().unwrap_or_default();
    if form.get("password").is_none_or(<[u8]>::is_empty) {
        let text = say("请输入支付密码。", "Type a password; any does.");
        return page::problem(StatusCode::BAD_REQUEST, "password", text);
    }
    let Some(batch) = alipay.tickets.batches.take(ticket) else { return gone() };
    if let Err(code) = batch.check_unused(alipay) {
        let text = say("这个批次号已经用过。", "This batch number was used before.");
        return page::problem(StatusCode::CONFLICT, code, text);
    }
    match refund(alipay, &batch) {
        Ok(results) => done(&batch, &results),
        Err(_) => {
            let text = say("系统错误。", "The trades cannot be changed.");
            page::problem(StatusCode::INTERNAL_SERVER_ERROR, "SYSTEM_ERROR", text)
        }
    }
}

/// Makes the refunds one by one, notifies of each (`trade_status_sync`, to the address of the
/// payment), and then of the batch, to the address that the request named.
fn refund(alipay: &Alipay, batch: &Batch) -> Result<Vec<BatchRefundLine>, StepError> {
    let mut results = Vec::new();
    let mut last = None;
    for item in &batch.items {
        let own = alipay.find(&item.trade_no).ok().filter(|it| it.merchant == batch.merchant);
        let refunded = match own {
            None => Err(StepError::NotFound),
            Some(_) => alipay.step(&item.trade_no, None, |trade, at| {
                Ok(vec![trade.refund(item.amount, Some(&batch.batch_no), at)?.sync])
            }),
        };
        results.push(match refunded {
            Ok(found) => {
                last = Some(found);
                BatchRefundLine::success(&item.trade_no, item.amount)
            }
            Err(StepError::File(error)) => return Err(error.into()),
            Err(error) => BatchRefundLine::failed(&item.trade_no, item.amount, code(&error)),
        });
    }
    notify(alipay, batch, last, &results)?;
    Ok(results)
}

/// Sends the `batch_refund_notify`; it is kept with the last trade that was refunded, where there is one.
fn notify(
    alipay: &Alipay,
    batch: &Batch,
    last: Option<FoundTrade>,
    results: &[BatchRefundLine],
) -> Result<(), StepError> {
    let Some(account) = alipay.account(&batch.merchant) else { return Ok(()) };
    let make = |trade: &mut AlipayTrade| -> UnsignedNotification {
        trade.batch_refund_notify(&batch.batch_no, results, alipay.now())
    };
    let (found, notification) = match last {
        Some(found) => {
            let trade_no = found.kept.trade.trade_no.clone();
            let mut sent = None;
            // Kept by hand: `step` would send it to the address of the payment.
            alipay.trade_store.update::<_, StepError>(|trades| {
                let kept = super::step::kept(trades, &found.merchant, &trade_no);
                let kept = kept.ok_or(StepError::NotFound)?;
                let made = make(&mut kept.trade);
                kept.notifications.push(made.clone());
                sent = Some(made);
                Ok(())
            })?;
            (found, sent)
        }
        None => {
            let mut trade = AlipayTrade::open(&account.merchant, "", Fen::new(1), alipay.now());
            let notification = make(&mut trade);
            let kept = crate::KeptTrade::new(trade);
            (FoundTrade { merchant: batch.merchant.clone(), kept }, Some(notification))
        }
    };
    if let Some(notification) = notification {
        debug_assert_eq!(notification.kind, NotificationKind::BatchRefund);
        alipay.send(&found, batch.notify_url.as_deref(), notification, None);
    }
    Ok(())
}

/// Alipay's word for a refund that failed.
fn code(error: &StepError) -> &'static str {
    match error {
        StepError::Trade(TradeError::NotNow { status: Status::TradeClosed, .. }) => {
            "TRADE_HAS_CLOSED"
        }
        StepError::Trade(TradeError::NotNow { .. } | TradeError::TooLate { .. }) => {
            "TRADE_STATUS_ERROR"
        }
        StepError::Trade(TradeError::RefundAmount { .. }) => "REASON_TRADE_REFUND_FEE_ERR",
        StepError::NotFound | StepError::File(_) => "NOT_THIS_PARTNERS_TRADE",
    }
}

fn done(batch: &Batch, results: &[BatchRefundLine]) -> Response {
    let told = say(
        "结果由 batch_refund_notify 通知商户。",
        "The merchant learns of it by batch_refund_notify.",
    );
    let body = html! {
        p { (batch.batch_no) }
        table { @for it in results { (row(&it.trade_no, it.amount, &it.result)) } }
        p.note { (told) }
    };
    page::page(StatusCode::OK, say("退款已受理", "The refund was accepted"), body)
}

fn gone() -> Response {
    let text = say("没有这个批次，或者已经确认过。", "No such batch, or it was confirmed before.");
    page::problem(StatusCode::NOT_FOUND, "not found", text)
}

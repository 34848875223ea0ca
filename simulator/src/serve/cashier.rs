//! The cashier: where a buyer pays or leaves.

use alipay::Form;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use service::language::say;
use service::page::fact;
use strum::VariantArray as _;

use super::pay::return_to;
use super::request::RawForm;
use super::step::{FoundTrade, StepError};
use super::{Alipay, answer, page};
use crate::mapi::seconds;
use crate::{Fault, Status, TradeError, UnknownFault};

/// The page on which a buyer decides.
pub(super) fn page(alipay: &Alipay, trade_no: &str) -> Response {
    let found = match alipay.find(trade_no) {
        Ok(found) => found,
        Err(error) => return problem(&error),
    };
    if found.kept.trade.status != Status::WaitBuyerPay {
        return over(&found);
    }
    let body = html! {
        (summary(&found))
        form method="post" action=(format!("/cashier/{trade_no}/pay")) {
            button.main { (say("确认付款", "Pay")) } " "
            label { (say("通知", "notification")) " " (fault_choice()) }
        }
        form method="post" action=(format!("/cashier/{trade_no}/leave")) {
            button { (say("离开", "Leave")) }
        }
    };
    page::page(StatusCode::OK, say("收银台", "Cashier"), body)
}

/// The buyer pays: the notification goes out, and the browser goes back to the merchant.
pub(super) fn pay(alipay: &Alipay, trade_no: &str, form: &RawForm) -> Response {
    let Ok(fault) = fault(&form.parameters().unwrap_or_default()) else { return no_such_fault() };
    let found = match alipay.step(trade_no, fault, |trade, at| Ok(vec![trade.pay(at)?])) {
        Ok(found) => found,
        Err(error) => return problem(&error),
    };
    let now = alipay.now();
    let account = alipay.account(&found.merchant);
    let back = account.and_then(|account| return_to(alipay, account, &found.kept, now));
    match back {
        Some(back) => answer::redirect(&back),
        None => over(&found),
    }
}

/// The buyer goes away; the trade stays as it is.
pub(super) fn leave(alipay: &Alipay, trade_no: &str, _: &RawForm) -> Response {
    let found = match alipay.find(trade_no) {
        Ok(found) => found,
        Err(error) => return problem(&error),
    };
    if let Some(url) = found.kept.link.as_ref().and_then(|link| link.show_url.as_deref()) {
        return answer::redirect(url);
    }
    let body = html! {
        p { (say("没有付款，交易保持原状。", "Nothing was paid; the trade stays open.")) }
        p {
            a href=(format!("/cashier/{trade_no}")) {
                (say("回到收银台", "Back to the cashier"))
            }
        }
    };
    page::page(StatusCode::OK, say("已离开", "You left"), body)
}

/// What a paid or closed trade shows instead of buttons.
fn over(found: &FoundTrade) -> Response {
    let trade = &found.kept.trade;
    let title = match trade.status {
        Status::TradeClosed if trade.is_timed_out() => {
            say("交易超时，已关闭", "Not paid in time: the trade is closed")
        }
        Status::TradeClosed => say("交易已关闭", "The trade is closed"),
        _ => say("付款成功", "Paid"),
    };
    let body = html! {
        (summary(found))
        p { b { (trade.status.name()) } }
        p {
            a href=(format!("/trades/{}", trade.trade_no)) { (say("通知记录", "What was sent")) }
        }
    };
    page::page(StatusCode::OK, title, body)
}

fn summary(found: &FoundTrade) -> Markup {
    let trade = &found.kept.trade;
    let until = trade.pay_until.filter(|_| trade.gmt_payment.is_none());
    let until = until.map(seconds);
    html! {
        div.total { "¥" (trade.total.to_string()) }
        table {
            (fact(say("商品", "Subject"), &trade.subject))
            (fact(say("商户", "Merchant"), &found.merchant))
            (fact(say("商户订单号", "Order"), &trade.out_trade_no))
            (fact(say("交易号", "Trade"), &trade.trade_no))
            (fact(say("付款截止", "Pay before"), until.unwrap_or_default()))
        }
    }
}

/// A choice of how the notification travels.
pub(super) fn fault_choice() -> Markup {
    html! {
        select name="fault" {
            option value="" { (say("正常", "as usual")) }
            @for fault in Fault::VARIANTS {
                option value=(fault.name()) { (explained(*fault)) }
            }
        }
    }
}

fn explained(fault: Fault) -> &'static str {
    match fault {
        Fault::Duplicate => say("重复", "twice at once"),
        Fault::Reorder => say("乱序", "after what follows"),
        Fault::Delay => say("延迟", "five seconds late"),
        Fault::Drop => say("丢失", "lost"),
        Fault::WrongAmount => say("金额错误", "wrong amount"),
        Fault::WrongApp => say("应用或卖家错误", "wrong app or seller"),
        Fault::Corrupt => say("签名错误", "wrong signature"),
        Fault::Gbk => say("GBK 编码", "in GBK"),
        Fault::SlowBody => say("慢速", "slow body"),
        Fault::HalfBody => say("中断", "half a body"),
    }
}

/// The fault that a form chose.
pub(super) fn fault(form: &Form) -> Result<Option<Fault>, UnknownFault> {
    match std::str::from_utf8(form.get("fault").unwrap_or_default()).unwrap_or("?") {
        "" => Ok(None),
        word => word.parse().map(Some),
    }
}

/// A page for a form that chose a fault that does not exist.
pub(super) fn no_such_fault() -> Response {
    let text = say("没有这种故障。", "There is no such fault.");
    page::problem(StatusCode::BAD_REQUEST, "fault", text)
}

/// A page for a step that was not made.
pub(super) fn problem(error: &StepError) -> Response {
    let (status, text) = match error {
        StepError::NotFound => {
            (StatusCode::NOT_FOUND, say("没有这笔交易。", "There is no such trade."))
        }
        StepError::Trade(TradeError::NotNow { .. }) => {
            (StatusCode::CONFLICT, say("交易状态不允许。", "The trade is not in a state for this."))
        }
        StepError::Trade(TradeError::TooLate { .. }) => {
            (StatusCode::CONFLICT, say("付款超时。", "The time to pay is over."))
        }
        StepError::Trade(TradeError::RefundAmount { .. }) => (
            StatusCode::CONFLICT,
            say("退款金额无效。", "The amount is not above zero, or more than what is left."),
        ),
        StepError::File(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            say("交易文件不可读写。", "The trades cannot be read or written."),
        ),
    };
    page::problem(status, &error.to_string(), text)
}

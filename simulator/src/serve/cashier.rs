//! The cashier: where a buyer pays or leaves.

use alipay::{Form, format_beijing};
use chrono::SubsecRound;

use super::Alipay;
use super::answer::Answer;
use super::html::{self, Html};
use super::pay::return_to;
use super::request::Asked;
use super::step::{Found, StepError};
use crate::{Fault, Status, TradeError};
use service::language::say;

/// The page on which a buyer decides.
pub(super) fn page(alipay: &Alipay, trade_no: &str) -> Answer {
    let found = match alipay.find(trade_no) {
        Ok(found) => found,
        Err(error) => return problem(&error),
    };
    let trade = &found.kept.trade;
    if trade.status != Status::WaitBuyerPay {
        return over(&found);
    }
    let body = summary(&found)
        .raw("<form method=\"post\" action=\"/cashier/")
        .text(trade_no)
        .raw("/pay\"><button class=\"main\">")
        .raw(say("确认付款", "Pay"))
        .raw("</button> ")
        .raw("<label>")
        .raw(say("通知", "notification"))
        .raw(" ")
        .html(fault_choice())
        .raw("</label></form><form method=\"post\" action=\"/cashier/")
        .text(trade_no)
        .raw("/leave\"><button>")
        .raw(say("离开", "Leave"))
        .raw("</button></form>");
    html::page(200, say("收银台", "Cashier"), body)
}

/// The buyer pays: the notification goes out, and the browser goes back to the merchant.
pub(super) fn pay(alipay: &Alipay, asked: &Asked, trade_no: &str) -> Answer {
    let fault = match fault(&asked.parameters().unwrap_or_default()) {
        Ok(fault) => fault,
        Err(answer) => return answer,
    };
    let found = match alipay.step(trade_no, fault, |trade, at| Ok(vec![trade.pay(at)?])) {
        Ok(found) => found,
        Err(error) => return problem(&error),
    };
    let now = alipay.now();
    let account = alipay.account(&found.merchant);
    let back = account.and_then(|account| return_to(alipay, account, &found.kept, now));
    match back {
        Some(back) => Answer::redirect(back),
        None => over(&found),
    }
}

/// The buyer goes away; the trade stays as it is.
pub(super) fn leave(alipay: &Alipay, trade_no: &str) -> Answer {
    let found = match alipay.find(trade_no) {
        Ok(found) => found,
        Err(error) => return problem(&error),
    };
    if let Some(url) = found.kept.link.as_ref().and_then(|link| link.show_url.clone()) {
        return Answer::redirect(url);
    }
    let body = Html::new()
        .raw("<p>")
        .raw(say("没有付款，交易保持原状。", "Nothing was paid; the trade stays open."))
        .raw("</p><p>")
        .link(&format!("/cashier/{trade_no}"), say("回到收银台", "Back to the cashier"))
        .raw("</p>");
    html::page(200, say("已离开", "You left"), body)
}

/// What a paid or closed trade shows instead of buttons.
fn over(found: &Found) -> Answer {
    let trade = &found.kept.trade;
    let title = match trade.status {
        Status::TradeClosed if trade.is_timed_out() => {
            say("交易超时，已关闭", "Not paid in time: the trade is closed")
        }
        Status::TradeClosed => say("交易已关闭", "The trade is closed"),
        _ => say("付款成功", "Paid"),
    };
    let body = summary(found)
        .raw("<p><b>")
        .text(trade.status.name())
        .raw("</b></p><p>")
        .link(&format!("/trades/{}", trade.trade_no), say("通知记录", "What was sent"))
        .raw("</p>");
    html::page(200, title, body)
}

fn summary(found: &Found) -> Html {
    let trade = &found.kept.trade;
    let html = Html::new()
        .raw("<div class=\"total\">¥")
        .text(&trade.total.to_string())
        .raw("</div><table>")
        .row(say("商品", "Subject"), &trade.subject)
        .row(say("商户", "Merchant"), &found.merchant)
        .row(say("商户订单号", "Order"), &trade.out_trade_no)
        .row(say("交易号", "Trade"), &trade.trade_no);
    let until = trade.pay_until.filter(|_| trade.gmt_payment.is_none());
    match until {
        Some(until) => {
            html.row(say("付款截止", "Pay before"), &format_beijing(until.trunc_subsecs(0)))
        }
        None => html,
    }
    .raw("</table>")
}

/// A choice of how the notification travels.
pub(super) fn fault_choice() -> Html {
    let mut choice = Html::new()
        .raw("<select name=\"fault\"><option value=\"\">")
        .raw(say("正常", "as usual"))
        .raw("</option>");
    for fault in Fault::ALL {
        choice = choice
            .raw("<option value=\"")
            .text(fault.name())
            .raw("\">")
            .raw(explained(fault))
            .raw("</option>");
    }
    choice.raw("</select>")
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
pub(super) fn fault(form: &Form) -> Result<Option<Fault>, Answer> {
    let word = std::str::from_utf8(form.get("fault").unwrap_or_default()).unwrap_or("?");
    match word {
        "" => Ok(None),
        word => word.parse().map(Some).map_err(|_| {
            html::problem(400, "fault", say("没有这种故障。", "There is no such fault."))
        }),
    }
}

/// A page for a step that was not made.
pub(super) fn problem(error: &StepError) -> Answer {
    let (status, text) = match error {
        StepError::NotFound => (404, say("没有这笔交易。", "There is no such trade.")),
        StepError::Trade(TradeError::NotNow { .. }) => {
            (409, say("交易状态不允许。", "The trade is not in a state for this."))
        }
        StepError::Trade(TradeError::TooLate { .. }) => {
            (409, say("付款超时。", "The time to pay is over."))
        }
        StepError::Trade(TradeError::RefundAmount { .. }) => {
            (409, say("退款金额无效。", "The amount is not above zero, or more than what is left."))
        }
        StepError::File(_) => {
            (500, say("交易文件不可读写。", "The trades cannot be read or written."))
        }
    };
    html::problem(status, &error.to_string(), text)
}

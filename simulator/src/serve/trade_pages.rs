//! All trades, and one trade with everything that was said about it.

use alipay::{Fen, format_beijing};
use chrono::{DateTime, SubsecRound, Utc};

use super::Alipay;
use super::answer::Answer;
use super::cashier::{fault, fault_choice, problem};
use super::html::{self, Html};
use super::post::{Letter, Sent};
use super::request::Asked;
use super::step::Found;
use crate::{Attempt, Notification, Status, Trade};
use service::language::say;

/// So many trades are listed.
const LISTED: usize = 200;

/// `/`: the latest trades.
pub(super) fn list(alipay: &Alipay) -> Answer {
    let all = alipay.book.read(|trades| {
        let mut all: Vec<(&String, &Trade)> = Vec::new();
        for (merchant, orders) in &trades.merchants {
            all.extend(orders.values().flatten().map(|kept| (merchant, &kept.trade)));
        }
        all.sort_by_key(|(_, trade)| std::cmp::Reverse(trade.gmt_create));
        let shown = all.iter().take(LISTED).map(|&(name, trade)| (name.clone(), trade.clone()));
        (shown.collect::<Vec<_>>(), all.len())
    });
    let (shown, count) = match all {
        Ok(all) => all,
        Err(error) => return problem(&error.into()),
    };
    let mut body = Html::new();
    if count == 0 {
        body = body
            .raw("<p>")
            .raw(say("还没有交易。", "No trades yet: open a pay link, or run simulator pay."))
            .raw("</p>");
    }
    body = body
        .raw("<table class=\"list\"><tr><th>")
        .raw(say("时间", "Time"))
        .raw("</th><th>")
        .raw(say("商户", "Merchant"))
        .raw("</th><th>")
        .raw(say("订单", "Order"))
        .raw("</th>")
        .raw("<th>")
        .raw(say("商品", "Subject"))
        .raw("</th><th>")
        .raw(say("金额", "Total"))
        .raw("</th><th>")
        .raw(say("已退", "Refunded"))
        .raw("</th><th>")
        .raw(say("状态", "Status"))
        .raw("</th>")
        .raw("<th></th></tr>\n");
    for (merchant, trade) in &shown {
        let (path, text) = match trade.status {
            Status::WaitBuyerPay => {
                (format!("/cashier/{}", trade.trade_no), say("收银台", "Cashier"))
            }
            _ => (format!("/trades/{}", trade.trade_no), say("详情", "Details")),
        };
        body = body.raw("<tr><td>").text(&seconds(trade.gmt_create)).raw("</td><td>");
        body = body.text(merchant).raw("</td><td>");
        body = body.link(&format!("/trades/{}", trade.trade_no), &trade.out_trade_no);
        body = body.raw("</td><td>").text(&trade.subject).raw("</td><td>");
        body = body.text(&trade.total.to_string()).raw("</td><td>");
        body = body.text(&trade.refunded().to_string()).raw("</td><td>");
        body = body.text(trade.status.name()).raw("</td><td>");
        body = body.link(&path, text).raw("</td></tr>\n");
    }
    body = body.raw("</table>");
    if count > LISTED {
        body = body
            .raw("<p class=\"note\">")
            .raw(say("只显示最新的两百笔。", "Only the latest 200."))
            .raw("</p>");
    }
    html::page(200, say("交易", "Trades"), body)
}

/// `/trades/TRADE_NO`: the trade, its notifications, and what can be done.
pub(super) fn one(alipay: &Alipay, trade_no: &str) -> Answer {
    let found = match alipay.find(trade_no) {
        Ok(found) => found,
        Err(error) => return problem(&error),
    };
    let trade = &found.kept.trade;
    let time = |time: Option<DateTime<Utc>>| time.map(seconds).unwrap_or_default();
    let mut body = Html::new()
        .raw("<table>")
        .row(say("状态", "Status"), trade.status.name())
        .row(say("商户", "Merchant"), &found.merchant)
        .row(say("订单", "Order"), &trade.out_trade_no)
        .row(say("商品", "Subject"), &trade.subject)
        .row(say("金额", "Total"), &trade.total.to_string())
        .row(say("已退", "Refunded"), &trade.refunded().to_string())
        .row(say("创建", "gmt_create"), &seconds(trade.gmt_create))
        .row(say("付款截止", "Pay before"), &time(trade.pay_until))
        .row(say("付款", "gmt_payment"), &time(trade.gmt_payment))
        .row(say("关闭", "gmt_close"), &time(trade.gmt_close))
        .raw("</table><h2>")
        .raw(say("操作", "Actions"))
        .raw("</h2>")
        .html(actions(&found))
        .raw("<h2>")
        .raw(say("通知", "Notifications"))
        .raw("</h2>\n");
    if found.kept.notifications.is_empty() {
        body = body.raw("<p>").raw(say("还没有通知。", "Nothing was sent yet.")).raw("</p>");
    }
    for said in found.kept.notifications.iter().rev() {
        body = body.html(notification(trade_no, said, alipay.post.sent(&said.notify_id)));
    }
    html::page(200, say("交易", "Trade"), body)
}

fn actions(found: &Found) -> Html {
    let trade = &found.kept.trade;
    let form = |step: &'static str| {
        Html::new()
            .raw("<form method=\"post\" action=\"/trades/")
            .text(&trade.trade_no)
            .raw("/")
            .raw(step)
            .raw("\">")
            .html(fault_choice())
            .raw(" ")
    };
    match trade.status {
        Status::WaitBuyerPay | Status::TradePending => form("pay")
            .raw("<button class=\"main\">")
            .raw(say("付款", "Pay"))
            .raw("</button></form>")
            .html(form("close"))
            .raw("<button>")
            .raw(say("关闭", "Close"))
            .raw("</button></form>"),
        Status::TradeSuccess => form("refund")
            .raw("<input name=\"amount\" size=\"9\" inputmode=\"decimal\" value=\"")
            .text(&trade.refundable().to_string())
            .raw("\"> <button>")
            .raw(say("退款", "Refund"))
            .raw("</button></form>")
            .html(form("finish"))
            .raw("<button>")
            .raw(say("完结", "Finish"))
            .raw("</button></form>"),
        Status::TradeFinished | Status::TradeClosed => Html::new()
            .raw("<p class=\"note\">")
            .raw(say("交易已结束。", "The trade is over."))
            .raw("</p>"),
    }
}

/// One notification with its attempts.
fn notification(trade_no: &str, said: &Notification, sent: Option<Sent>) -> Html {
    let mut html = Html::new()
        .raw("<table class=\"list\"><tr><th>")
        .raw(said.kind.name())
        .raw("</th><td><code>notify_id ")
        .text(&said.notify_id)
        .raw("</code>");
    for name in ["trade_status", "refund_fee", "refund_status", "result_details"] {
        if let Some(value) = said.parameter(name) {
            html = html.raw("<br><code>").raw(name).raw("=").text(value).raw("</code>");
        }
    }
    html = html.raw("</td><td>").html(resend(trade_no, said)).raw("</td></tr>\n");
    let Some(sent) = sent else {
        let text = say("不是由这个进程发送。", "Not sent by this process.");
        return html.raw("<tr><td></td><td colspan=\"2\">").raw(text).raw("</td></tr></table>");
    };
    html = html.raw("<tr><td></td><td colspan=\"2\">→ ");
    html = match &sent.to {
        Some(to) => html.text(to),
        None => html.raw(say("没有通知地址。", "No address: neither notify_url nor --ingress.")),
    };
    if let Some(fault) = sent.fault {
        html = html.raw(" <b class=\"no\">").text(fault.name()).raw("</b>");
    }
    html = html.raw("</td></tr>\n");
    for attempt in &sent.attempts {
        html = html.html(attempt_row(attempt));
    }
    if sent.under_way > 0 {
        html = html
            .raw("<tr><td></td><td colspan=\"2\">")
            .raw(say("…… 等待重发", "under way"))
            .raw("</td></tr>");
    }
    html.raw("</table>")
}

fn attempt_row(attempt: &Attempt) -> Html {
    let status = attempt.status.map(|status| status.to_string()).unwrap_or_default();
    let answer = attempt.told();
    Html::new()
        .raw("<tr><td></td><td>")
        .text(&format_beijing(attempt.at.trunc_subsecs(3)))
        .raw("</td><td class=\"")
        .raw(if attempt.is_success() { "yes" } else { "no" })
        .raw("\">")
        .text(&format!("{status} {answer} ({} ms)", attempt.duration.as_millis()))
        .raw("</td></tr>\n")
}

fn resend(trade_no: &str, said: &Notification) -> Html {
    Html::new()
        .raw("<form method=\"post\" action=\"/trades/")
        .text(trade_no)
        .raw("/resend\"><input type=\"hidden\" name=\"notify_id\" value=\"")
        .text(&said.notify_id)
        .raw("\">")
        .html(fault_choice())
        .raw(" <button>")
        .raw(say("重发", "Resend"))
        .raw("</button></form>")
}

/// A button of the page: makes the step and shows the trade again.
pub(super) fn act(alipay: &Alipay, asked: &Asked, trade_no: &str, step: &str) -> Answer {
    let form = asked.parameters().unwrap_or_default();
    let fault = match fault(&form) {
        Ok(fault) => fault,
        Err(answer) => return answer,
    };
    let text = |name: &str| std::str::from_utf8(form.get(name).unwrap_or_default()).unwrap_or("?");
    let made = match step {
        "pay" => alipay.step(trade_no, fault, |trade, at| Ok(vec![trade.pay(at)?])),
        "close" => alipay.step(trade_no, fault, |trade, at| Ok(vec![trade.close(at)?])),
        "finish" => alipay.step(trade_no, fault, |trade, at| Ok(vec![trade.finish(at)?])),
        "refund" => {
            let Ok(amount) = Fen::parse(text("amount")) else {
                let text = say("金额不正确。", "Give the amount in yuan, for example 3.00.");
                return html::problem(400, "amount", text);
            };
            alipay.step(trade_no, fault, |trade, at| {
                Ok(trade.refund(amount, None, at)?.into_iter().collect())
            })
        }
        "resend" => alipay.find(trade_no).inspect(|found| {
            let said = found.kept.notifications.iter().find(|it| it.notify_id == text("notify_id"));
            let link = found.kept.link.as_ref();
            if let (Some(said), Some(account)) = (said, alipay.account(&found.merchant)) {
                let letter = Letter {
                    merchant: &account.name,
                    signer: &account.signer,
                    to: link.and_then(|link| link.notify_url.as_deref()),
                    notification: said.clone(),
                    fault,
                };
                alipay.post.resend(letter, alipay.now());
            }
        }),
        _ => return Answer::text(404, "not found"),
    };
    match made {
        Ok(_) => Answer::redirect(format!("/trades/{trade_no}")),
        Err(error) => problem(&error),
    }
}

fn seconds(time: DateTime<Utc>) -> String {
    format_beijing(time.trunc_subsecs(0))
}

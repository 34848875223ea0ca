//! All trades, and one trade with its notifications.

use alipay::{Fen, format_beijing};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::SubsecRound;
use maud::{Markup, html};
use service::language::say;
use service::page::{Column, fact, hidden};

use super::cashier::{fault, fault_choice, no_such_fault, problem};
use super::outgoing::{PendingNotification, SendLog};
use super::request::RawForm;
use super::step::FoundTrade;
use super::{Alipay, answer, page};
use crate::mapi::seconds;
use crate::{AlipayTrade, Attempt, Status, UnsignedNotification};

/// So many trades are listed.
const LISTED: usize = 200;

/// `/`: the latest trades.
pub(super) fn list(alipay: &Alipay) -> Response {
    let all = alipay.trade_store.read(|trades| {
        let mut all: Vec<(&String, &AlipayTrade)> = Vec::new();
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
    let columns = [
        Column::text("时间", "Time"),
        Column::text("商户", "Merchant"),
        Column::text("订单", "Order"),
        Column::text("商品", "Subject"),
        Column::text("金额", "Total"),
        Column::text("已退", "Refunded"),
        Column::text("状态", "Status"),
        Column::NAMELESS,
    ];
    let rows = shown.iter().map(|(merchant, trade)| row(merchant, trade));
    let body = html! {
        @if count == 0 {
            p { (say("还没有交易。", "No trades yet: open a pay link, or run simulator pay.")) }
        }
        (service::page::list(columns, rows))
        @if count > LISTED {
            p.note { (say("只显示最新的两百笔。", "Only the latest 200.")) }
        }
    };
    page::page(StatusCode::OK, say("交易", "Trades"), body)
}

fn row(merchant: &str, trade: &AlipayTrade) -> Markup {
    let details = format!("/trades/{}", trade.trade_no);
    html! {
        tr {
            td { (seconds(trade.gmt_create)) }
            td { (merchant) }
            td { a href=(details) { (trade.out_trade_no) } }
            td { (trade.subject) }
            td { (trade.total.to_string()) }
            td { (trade.refunded().to_string()) }
            td { (trade.status.name()) }
            td {
                @if trade.status == Status::WaitBuyerPay {
                    a href=(format!("/cashier/{}", trade.trade_no)) { (say("收银台", "Cashier")) }
                } @else {
                    a href=(details) { (say("详情", "Details")) }
                }
            }
        }
    }
}

/// `/trades/TRADE_NO`: the trade, its notifications, and what can be done.
pub(super) fn one(alipay: &Alipay, trade_no: &str) -> Response {
    let found = match alipay.find(trade_no) {
        Ok(found) => found,
        Err(error) => return problem(&error),
    };
    let trade = &found.kept.trade;
    let notifications = found.kept.notifications.iter().rev();
    let body = html! {
        table {
            (fact(say("状态", "Status"), trade.status.name()))
            (fact(say("商户", "Merchant"), &found.merchant))
            (fact(say("订单", "Order"), &trade.out_trade_no))
            (fact(say("商品", "Subject"), &trade.subject))
            (fact(say("金额", "Total"), trade.total.to_string()))
            (fact(say("已退", "Refunded"), trade.refunded().to_string()))
            (fact(say("创建", "gmt_create"), seconds(trade.gmt_create)))
            (fact(say("付款截止", "Pay before"), trade.pay_until.map(seconds).unwrap_or_default()))
            (fact(say("付款", "gmt_payment"), trade.gmt_payment.map(seconds).unwrap_or_default()))
            (fact(say("关闭", "gmt_close"), trade.gmt_close.map(seconds).unwrap_or_default()))
        }
        h2 { (say("操作", "Actions")) }
        (actions(&found))
        h2 { (say("通知", "Notifications")) }
        @if found.kept.notifications.is_empty() {
            p { (say("还没有通知。", "Nothing was sent yet.")) }
        }
        @for it in notifications {
            (notification(trade_no, it, alipay.outgoing.sent(&it.notify_id)))
        }
    };
    page::page(StatusCode::OK, say("交易", "Trade"), body)
}

fn actions(found: &FoundTrade) -> Markup {
    let trade = &found.kept.trade;
    let form = |step: &str, input: Markup| {
        html! {
            form method="post" action=(format!("/trades/{}/{step}", trade.trade_no)) {
                (fault_choice()) " " (input)
            }
        }
    };
    match trade.status {
        Status::WaitBuyerPay | Status::TradePending => html! {
            (form("pay", html! { button.main { (say("付款", "Pay")) } }))
            (form("close", html! { button { (say("关闭", "Close")) } }))
        },
        Status::TradeSuccess => {
            let amount = trade.refundable().to_string();
            let refund = html! {
                input name="amount" size="9" inputmode="decimal" value=(amount); " "
                button { (say("退款", "Refund")) }
            };
            html! {
                (form("refund", refund))
                (form("finish", html! { button { (say("完结", "Finish")) } }))
            }
        }
        Status::TradeFinished | Status::TradeClosed => html! {
            p.note { (say("交易已结束。", "The trade is over.")) }
        },
    }
}

/// One notification with its attempts.
fn notification(
    trade_no: &str,
    notification: &UnsignedNotification,
    sent: Option<SendLog>,
) -> Markup {
    let parameters = ["trade_status", "refund_fee", "refund_status", "result_details"];
    let parameters =
        parameters.into_iter().filter_map(|name| Some((name, notification.parameter(name)?)));
    html! {
        table.list {
            tr {
                th { (notification.kind.name()) }
                td {
                    code { "notify_id " (notification.notify_id) }
                    @for (name, value) in parameters { br; code { (name) "=" (value) } }
                }
                td { (resend(trade_no, notification)) }
            }
            @match sent {
                Some(sent) => (attempts(&sent)),
                None => tr {
                    td {}
                    td colspan="2" { (say("不是由这个进程发送。", "Not sent by this process.")) }
                },
            }
        }
    }
}

/// Where it went, and each attempt with its answer.
fn attempts(sent: &SendLog) -> Markup {
    let nowhere = say("没有通知地址。", "No address: neither notify_url nor --ingress.");
    html! {
        tr {
            td {}
            td colspan="2" {
                "→ " (sent.to.as_deref().unwrap_or(nowhere))
                @if let Some(fault) = sent.fault { " " b.no { (fault.name()) } }
            }
        }
        @for attempt in &sent.attempts { (attempt_row(attempt)) }
        @if sent.under_way > 0 {
            tr { td {} td colspan="2" { (say("…… 等待重发", "under way")) } }
        }
    }
}

fn attempt_row(attempt: &Attempt) -> Markup {
    let status = attempt.status.map(|status| status.to_string()).unwrap_or_default();
    let answer = format!("{status} {} ({} ms)", attempt.told(), attempt.duration.as_millis());
    html! {
        tr {
            td {}
            td { (format_beijing(attempt.at.trunc_subsecs(3))) }
            td class=(if attempt.is_success() { "yes" } else { "no" }) { (answer) }
        }
    }
}

fn resend(trade_no: &str, notification: &UnsignedNotification) -> Markup {
    html! {
        form method="post" action=(format!("/trades/{trade_no}/resend")) {
            (hidden("notify_id", &notification.notify_id))
            (fault_choice()) " "
            button { (say("重发", "Resend")) }
        }
    }
}

/// A button of the page: makes the step and shows the trade again.
pub(super) fn act(alipay: &Alipay, form: &RawForm, trade_no: &str, step: &str) -> Response {
    let form = form.parameters().unwrap_or_default();
    let Ok(fault) = fault(&form) else { return no_such_fault() };
    let text = |name: &str| std::str::from_utf8(form.get(name).unwrap_or_default()).unwrap_or("?");
    let made = match step {
        "pay" => alipay.step(trade_no, fault, |trade, at| Ok(vec![trade.pay(at)?])),
        "close" => alipay.step(trade_no, fault, |trade, at| Ok(vec![trade.close(at)?])),
        "finish" => alipay.step(trade_no, fault, |trade, at| Ok(vec![trade.finish(at)?])),
        "refund" => {
            let Ok(amount) = Fen::parse(text("amount")) else {
                let text = say("金额不正确。", "Give the amount in yuan, for example 3.00.");
                return page::problem(StatusCode::BAD_REQUEST, "amount", text);
            };
            alipay.step(trade_no, fault, |trade, at| {
                Ok(trade.refund(amount, None, at)?.into_iter().collect())
            })
        }
        "resend" => alipay.find(trade_no).inspect(|found| {
            let kept = found.kept.notifications.iter().find(|it| it.notify_id == text("notify_id"));
            let link = found.kept.link.as_ref();
            if let (Some(kept), Some(account)) = (kept, alipay.account(&found.merchant)) {
                let letter = PendingNotification {
                    merchant: &account.name,
                    signer: &account.signer,
                    to: link.and_then(|link| link.notify_url.as_deref()),
                    notification: kept.clone(),
                    fault,
                };
                alipay.outgoing.resend(letter, alipay.now());
            }
        }),
        _ => return answer::text(StatusCode::NOT_FOUND, "not found"),
    };
    match made {
        Ok(_) => answer::redirect(&format!("/trades/{trade_no}")),
        Err(error) => problem(&error),
    }
}

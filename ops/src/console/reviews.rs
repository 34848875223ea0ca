//! `/reviews`: cases that wait for a person.

use service::html::Html;
use service::language::say;
use store::BeijingTime;
use store::review::{self, ReviewFilter, ReviewRow};

use super::Console;
use super::address::address;
use super::layout::{Page, nothing};
use super::list::{Column, list};
use super::request::Asked;
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::review_case::{evidence, meaning};

/// Cases on the page.
const LISTED: i64 = 500;

pub(super) async fn show(console: &Console, asked: &Asked) -> Result<Page, Failure> {
    let all = asked.query.get("view") == "all";
    let filter = if all { ReviewFilter::All } else { ReviewFilter::Open };
    let rows =
        console.database(move |connection| Ok(review::list(connection, filter, LISTED)?)).await?;
    let mut body = Html::new().raw("<p class=\"note\">");
    body = match all {
        true => body.link("/reviews", say("只看待复核", "Only open ones")),
        false => body.link("/reviews?view=all", say("包括已结束的", "Also those that ended")),
    };
    body = body.raw("</p>\n");
    if rows.is_empty() {
        body = body.html(nothing(say("没有需要人工复核的订单。", "Nothing waits for a person.")));
        return Ok(Page::new("/reviews", say("复核", "Reviews"), body));
    }
    body = body.html(list(
        [
            Column::text("编号", "No."),
            Column::text("订单", "Order"),
            Column::text("原因", "Reason"),
            Column::text("证据", "Evidence"),
            Column::text("状态", "State"),
            Column::text("提出", "Raised"),
        ],
        rows.iter().map(row),
    ));
    Ok(Page::new("/reviews", say("复核", "Reviews"), body))
}

fn row(row: &ReviewRow) -> Html {
    let id = row.id.to_string();
    let ended = match (&row.decision, &row.decided_by) {
        (Some(decision), Some(by)) => format!("{decision}, {by}"),
        _ => String::new(),
    };
    Html::new()
        .raw("<tr><td class=\"id\">")
        .link(&address("/reviews/", &id), &format!("# {id}"))
        .raw("</td><td class=\"id\">")
        .link(&address("/orders/", &row.order_id), &row.order_id)
        .raw("</td><td>")
        .link(&address("/reviews/", &id), &row.reason)
        .raw("<span class=\"soft\">")
        .text(chinese(&row.reason))
        .raw(" ")
        .text(meaning(row))
        .raw("</span></td>")
        .cell(&evidence(row))
        .raw("<td>")
        .html(state(&row.state))
        .raw("<span class=\"soft\">")
        .text(&ended)
        .raw("</span></td><td class=\"t\">")
        .shown(row.raised_at)
        .raw("</td></tr>\n")
}

/// The state of a case.
pub(super) fn state(state: &str) -> Html {
    match state {
        "open" => tag(Tone::Bad, say("待复核", "open")),
        "decided" => tag(Tone::Good, say("已决定", "decided")),
        "settled" => tag(Tone::Plain, say("已自行解决", "settled")),
        other => tag(Tone::Plain, other),
    }
}

/// The reason in Chinese.
pub(super) fn chinese(reason: &str) -> &'static str {
    match reason {
        "not_at_alipay" => "这里已付款，支付宝说没有",
        "refund_sent_back" => "银行退回了退款，买家没有收到钱",
        "ambiguous_form" => "通知可有两种读法，需向支付宝核实",
        "undated_payment" => "通知称已付款却没有时间，需核实",
        "outdated_notification" => "通知过时已久，需核实",
        "contradictory_notification" => "通知自相矛盾，需核实",
        "closed_after_payment" => "付款后关闭，钱在哪里不明",
        "second_payment" => "重复付款",
        "no_account" => "订阅订单未写账号",
        "implausible_time_limit" => "付款期限不可信，未采用",
        "late_payment" => "逾期付款，应退还",
        "partial_refund" => "部分退款",
        "refund_above_total" => "退款超过总额",
        "paid_after_return" => "收回货物后又付款",
        "deliver_by_hand" => "需人工发货",
        "take_back_by_hand" => "需人工收回货物",
        _ => "",
    }
}

/// A time, where there is one.
pub(super) fn told(at: Option<BeijingTime>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

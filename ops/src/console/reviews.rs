//! `/reviews`: cases that wait for a person.

use axum::extract::State;
use maud::{Markup, display, html};
use service::language::say;
use service::page::Column;
use store::report::{BeijingTime, ReviewFilter, ReviewRow, reviews};

use super::Shared;
use super::address::{address, link, order_link};
use super::page::{Page, nothing, table};
use super::request::Query;
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::review_case::{evidence, meaning};

/// Cases on the page.
const LISTED: i64 = 500;

pub(super) async fn show(State(console): Shared, Query(query): Query) -> Result<Page, Failure> {
    let all = query.get("view") == "all";
    let filter = if all { ReviewFilter::All } else { ReviewFilter::Open };
    let rows = console.database(move |connection| Ok(reviews(connection, filter, LISTED)?)).await?;
    let columns = [
        Column::text("编号", "No."),
        Column::text("订单", "Order"),
        Column::text("原因", "Reason"),
        Column::text("证据", "Evidence"),
        Column::text("状态", "State"),
        Column::text("提出", "Raised"),
    ];
    let body = html! {
        p.note {
            @if all {
                (link("/reviews", say("只看待复核", "Only open ones")))
            } @else {
                (link("/reviews?view=all", say("包括已结束的", "Also those that ended")))
            }
        }
        @if rows.is_empty() {
            (nothing(say("没有需要人工复核的订单。", "Nothing waits for a person.")))
        } @else {
            (table(columns, rows.iter().map(row)))
        }
    };
    Ok(Page::new(say("复核", "Reviews"), body))
}

fn row(row: &ReviewRow) -> Markup {
    let page = review_address(row.id);
    let ended = match (&row.decision, &row.decided_by) {
        (Some(decision), Some(by)) => format!("{decision}, {by}"),
        _ => String::new(),
    };
    html! {
        tr {
            td.id { (link(&page, &format!("# {}", row.id))) }
            td.id { (order_link(&row.order_id)) }
            td {
                (link(&page, &row.reason))
                span.soft { (chinese(&row.reason)) " " (meaning(row)) }
            }
            td { (evidence(row)) }
            td { (state(&row.state)) span.soft { (ended) } }
            td.t { (display(row.raised_at)) }
        }
    }
}

/// The address of a case.
pub(super) fn review_address(id: i64) -> String {
    address("/reviews/", &id.to_string())
}

/// The state of a case.
pub(super) fn state(state: &str) -> Markup {
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

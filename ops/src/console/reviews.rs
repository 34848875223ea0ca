//! `/reviews`: cases that wait for a person.

use axum::extract::State;
use maud::{Markup, display, html};
use order::{ReviewReason, ReviewState};
use service::language::say;
use service::page::Column;
use store::review::{self, ReviewFilter, ReviewRow};

use super::Shared;
use super::address::{address, at, link, order_link};
use super::page::{Page, nothing, table};
use super::request::QueryString;
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::review_case::{evidence, meaning};

/// Cases on the page.
const LISTED: i64 = 500;

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let all = query.get("view") == "all";
    let filter = if all { ReviewFilter::All } else { ReviewFilter::Open };
    let rows =
        console.database(move |connection| Ok(review::list(connection, filter, LISTED)?)).await?;
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
                (link(&at("/reviews"), say("只看待复核", "Only open ones")))
            } @else {
                (link(&at("/reviews?view=all"), say("包括已结束的", "Also those that ended")))
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
            td { (state(row.state)) span.soft { (ended) } }
            td.t { (display(row.raised_at)) }
        }
    }
}

/// The address of a case.
pub(super) fn review_address(id: i64) -> String {
    address("/reviews/", &id.to_string())
}

/// The state of a case.
pub(super) fn state(state: ReviewState) -> Markup {
    match state {
        ReviewState::Open => tag(Tone::Bad, say("待复核", "open")),
        ReviewState::Decided => tag(Tone::Good, say("已决定", "decided")),
        ReviewState::Settled => tag(Tone::Plain, say("已自动了结", "settled")),
    }
}

/// The reason in Chinese.
pub(super) fn chinese(reason: &str) -> &'static str {
    let Ok(reason) = reason.parse() else { return "" };
    match reason {
        ReviewReason::NotAtAlipay => "这里已付款，支付宝查无付款",
        ReviewReason::RefundSentBack => "银行退回了退款，买家没有收到款项",
        ReviewReason::AmbiguousForm => "通知可有两种读法，需向支付宝核实",
        ReviewReason::UndatedPayment => "通知称已付款却没有时间，需核实",
        ReviewReason::OutdatedNotification => "通知过时已久，需核实",
        ReviewReason::ContradictoryNotification => "通知自相矛盾，需核实",
        ReviewReason::ClosedAfterPayment => "付款后关闭，款项去向不明",
        ReviewReason::SecondPayment => "重复付款",
        ReviewReason::NoAccount => "订阅订单未写账号",
        ReviewReason::ImplausibleTimeLimit => "付款期限不可信，未采用",
        ReviewReason::LatePayment => "逾期付款，应退还",
        ReviewReason::PartialRefund => "部分退款",
        ReviewReason::RefundAboveTotal => "退款超过总额",
        ReviewReason::PaidAfterReturn => "收回商品后又付款",
        ReviewReason::DeliverByHand => "需人工发货",
        ReviewReason::TakeBackByHand => "需人工收回商品",
    }
}

//! `/orders`: the latest orders, and the search for one.

use alipay::Fen;
use axum::extract::State;
use maud::{Markup, display, html};
use order::FulfillmentState;
use service::language::say;
use service::page::Column;
use store::user_order::{self, OrderRow};

use super::address::{at, link, order_link};
use super::order_query::OrderQuery;
use super::page::{Page, nothing, table};
use super::request::QueryString;
use super::right::Right;
use super::tag::{self, Tone, tag};
use super::{Console, Shared, undelivered, user};
use crate::failure::Failure;

/// Orders on one page.
const LISTED: i64 = 100;

/// Where the form that finds an order by a code is sent.
pub(super) const FIND_CODE: &str = "/codes";

const TOTAL: Column = Column::number("金额", "Total");
const REFUNDED: Column = Column::number("已退", "Refunded");

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let wanted = OrderQuery::read(&query)?;
    let (wanted, mut orders) = console
        .database(move |connection| {
            let orders = user_order::search(connection, &wanted.search(), LISTED + 1)?;
            Ok((wanted, orders))
        })
        .await?;
    let more = orders.len() > LISTED as usize;
    orders.truncate(LISTED as usize);
    let older = orders.last().filter(|_| more).map(|last| wanted.address(&last.id));
    let columns = [
        Column::text("订单", "Order"),
        Column::text("商品", "Product"),
        TOTAL,
        REFUNDED,
        Column::text("状态", "Status"),
        Column::text("商品", "Goods"),
        Column::text("下单", "Placed"),
    ];
    let body = html! {
        (wanted.bar())
        (code_bar(&console))
        @if orders.is_empty() {
            (nothing(say("没有符合条件的订单。", "No order matches.")))
        } @else {
            (table(columns, orders.iter().map(row)))
        }
        p.pages {
            (link(&at(undelivered::PATH), say("已付款未发货", "Paid, not delivered")))
            @if !wanted.after.is_empty() {
                (link(&wanted.address(""), say("« 最新", "Latest")))
            }
            @if let Some(older) = older { (link(&older, say("更早", "Older »"))) }
        }
    };
    Ok(Page::new(say("订单", "Orders"), body))
}

/// The form that finds an order by a code. A code is sent in a form's body: an address is kept by browsers and proxies.
pub(super) fn code_bar(console: &Console) -> Markup {
    let label = say("买家收到的卡密", "Code that a buyer has");
    html! {
        @if user::may(Right::SeeCodes) {
            form.bar #find-code method="post" action=(at(FIND_CODE)) {
                (console.guard.field())
                input type="search" name="code" required autocomplete="off" aria-label=(label) placeholder=(label);
                button { (say("按卡密查找", "Find by code")) }
            }
        }
    }
}

fn row(order: &OrderRow) -> Markup {
    let refunded = match order.refunded_fee {
        0 => String::new(),
        fee => Fen::new(fee).to_string(),
    };
    html! {
        tr {
            td.id {
                (order_link(&order.id))
                @if let Some(trade_no) = &order.trade_no { span.soft.mono { (trade_no) } }
            }
            td {
                (order.subject)
                span.soft {
                    (order.quantity) " × " (order.product_id) " · " (order.merchant)
                }
            }
            (TOTAL.cell(Fen::new(order.total_fee)))
            (REFUNDED.cell(refunded))
            td { (tag::status(order.status)) }
            td { (goods_of(order)) }
            td.t { (display(order.created_at)) }
        }
    }
}

/// The state of the goods, since when they are waited for, and whether a person looks at the order.
fn goods_of(order: &OrderRow) -> Markup {
    let waits = order.goods_state.is_some_and(FulfillmentState::is_waiting);
    let since = order.goods_waiting_since.filter(|_| waits);
    html! {
        @if let Some(state) = order.goods_state { (tag::goods(state)) }
        @if let Some(since) = since { span.soft { (say("自", "since")) " " (display(since)) } }
        @if order.needs_review { " " (tag(Tone::Bad, say("复核中", "in review"))) }
    }
}

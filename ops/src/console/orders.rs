//! `/orders`: the latest orders, and the search for one.

use alipay::Fen;
use axum::extract::State;
use maud::{Markup, display, html};
use order::{FulfillmentState, OrderStatus, VariantArray as _};
use service::language::say;
use service::page::Column;
use store::user_order::{self, OrderFilter, OrderRow, OrderSearch};

use super::Shared;
use super::address::{at, link, listing, order_link};
use super::page::{Page, nothing, table, usage};
use super::request::QueryString;
use super::tag::{self, Tone, tag};
use crate::failure::Failure;
use crate::operations::order::status_name::{parse_status, status_name};

/// Orders on one page.
const LISTED: i64 = 100;

/// What is searched for with `status`, besides the statuses.
const IN_REVIEW: &str = "review";

const TOTAL: Column = Column::number("金额", "Total");
const REFUNDED: Column = Column::number("已退", "Refunded");

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let (text, state) = (query.get("q").to_owned(), query.get("status").to_owned());
    let after = query.get("after").to_owned();
    for (name, value) in [("q", &text), ("after", &after)] {
        if value.chars().count() > 128 {
            return Err(Failure::Usage(format!(
                "{name}: {}",
                say("太长，最多 128 个字", "too long, at most 128 characters")
            )));
        }
    }
    let status = match state.as_str() {
        "" | IN_REVIEW => None,
        word => {
            Some(parse_status(word).map_err(|error| Failure::Usage(format!("status: {error}")))?)
        }
    };
    let goods = query.get("goods").to_owned();
    let goods_state = match goods.as_str() {
        "" => None,
        word => Some(
            word.parse::<FulfillmentState>()
                .map_err(|_| usage("goods：没有这个商品状态", "goods: no such state of goods"))?,
        ),
    };
    let (wanted, in_review, last) = (text.clone(), state == IN_REVIEW, after.clone());
    let mut orders = console
        .database(move |connection| {
            let search = OrderSearch {
                text: Some(wanted.as_str()).filter(|text| !text.is_empty()),
                filter: OrderFilter {
                    status,
                    needs_review: in_review,
                    goods: goods_state,
                    ..OrderFilter::default()
                },
                after: Some(last.as_str()).filter(|last| !last.is_empty()),
            };
            Ok(user_order::search(connection, &search, LISTED + 1)?)
        })
        .await?;
    let more = orders.len() > LISTED as usize;
    orders.truncate(LISTED as usize);

    let columns = [
        Column::text("订单", "Order"),
        Column::text("商品", "Product"),
        TOTAL,
        REFUNDED,
        Column::text("状态", "Status"),
        Column::text("商品", "Goods"),
        Column::text("下单", "Placed"),
    ];
    let filters = [("q", text.as_str()), ("status", &state), ("goods", &goods)];
    let older = orders.last().filter(|_| more).map(|last| {
        let [text, status, goods] = filters;
        listing("/orders", &[text, status, goods, ("after", &last.id)])
    });
    let body = html! {
        (search_bar(&text, &state, &goods))
        @if orders.is_empty() {
            (nothing(say("没有符合条件的订单。", "No order matches.")))
        } @else {
            (table(columns, orders.iter().map(row)))
        }
        p.pages {
            @if !after.is_empty() {
                (link(&listing("/orders", &filters), say("« 最新", "Latest")))
            }
            @if let Some(older) = older { (link(&older, say("更早", "Older »"))) }
        }
    };
    Ok(Page::new(say("订单", "Orders"), body))
}

fn search_bar(text: &str, state: &str, goods: &str) -> Markup {
    let hint =
        say("订单号、交易号（可只写开头）或买家号", "Order, trade (or how it begins), buyer");
    html! {
        form.bar method="get" action=(at("/orders")) {
            input type="search" name="q" maxlength="128" aria-label=(say("搜索", "Search"))
                placeholder=(hint) value=(text);
            select name="status" aria-label=(say("状态", "Status")) {
                (option("", false, say("全部状态", "Any status")))
                @for code in OrderStatus::VARIANTS.iter().map(|status| status.code()) {
                    @let chosen = code.to_string() == state || status_name(code) == state;
                    (option(
                        &code.to_string(),
                        chosen,
                        &format!("{code} {}", tag::status_words(code)),
                    ))
                }
                (option(IN_REVIEW, state == IN_REVIEW, say("复核中", "In review")))
            }
            select name="goods" aria-label=(say("商品", "Goods")) {
                (option("", false, say("任何商品状态", "Any goods")))
                @for &state in FulfillmentState::VARIANTS {
                    (option(state.as_str(), state.as_str() == goods, &tag::goods_words(state)))
                }
            }
            button.main { (say("搜索", "Search")) }
        }
    }
}

fn option(value: &str, chosen: bool, words: &str) -> Markup {
    html! { option value=(value) selected[chosen] { (words) } }
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

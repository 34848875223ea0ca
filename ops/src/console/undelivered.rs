//! `/undelivered`: paid orders whose goods are not with the buyer.

use alipay::Fen;
use axum::extract::State;
use maud::{Markup, html};
use service::language::{Language, say};
use service::page::Column;

use super::Shared;
use super::address::{at, link, listing, order_link};
use super::page::{Menu, Page, nothing, table, usage};
use super::request::QueryString;
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::order::undelivered::{ActsNext, UndeliveredOrder, undelivered};
use crate::text::age;

pub(super) const PATH: &str = "/undelivered";

/// Orders on one page, and the last one that is looked for.
const LISTED: i64 = 100;
const LAST: i64 = 1_000_000;

const TOTAL: Column = Column::number("金额", "Total");
const AGE: Column = Column::number("已等", "Age");

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let skip = query.some("skip").map(str::parse::<i64>).transpose();
    let skip = skip.ok().map(Option::unwrap_or_default).filter(|skip| (0..=LAST).contains(skip));
    let skip = skip.ok_or_else(|| usage("页码无法识别", "skip cannot be read"))?;
    let mut orders =
        console.database(move |connection| undelivered(connection, skip, LISTED + 1)).await?;
    let more = orders.len() > LISTED as usize;
    orders.truncate(LISTED as usize);
    let columns = [
        Column::text("订单", "Order"),
        TOTAL,
        Column::text("从何时起", "Since"),
        AGE,
        Column::text("由谁处理", "Who acts next"),
        Column::text("原因", "Why"),
    ];
    let page = |skip: i64| listing(PATH, &[("skip", &skip.to_string())]);
    let body = html! {
        p.note {
            (say(
                "已付款而买家还没有收到商品的全部订单；等得最久的在前。",
                "Every paid order whose goods are not with the buyer, the longest first.",
            ))
        }
        @if orders.is_empty() {
            (nothing(say("没有这样的订单。", "There is none.")))
        } @else {
            (table(columns, orders.iter().map(row)))
        }
        p.pages {
            @if skip > 0 { (link(&at(PATH), say("« 最久", "Longest"))) }
            @if more { (link(&page(skip + LISTED), say("更近", "Later »"))) }
        }
    };
    let page = Page::new(say("已付款未发货", "Paid, not delivered"), body);
    Ok(Page { menu: Some(Menu::Orders), ..page })
}

fn row(order: &UndeliveredOrder) -> Markup {
    let total = order.total_fee.map(|total| Fen::new(total).to_string()).unwrap_or_default();
    let why = match Language::here() {
        Language::Chinese => order.chinese(),
        Language::English => order.what.clone(),
    };
    html! {
        tr {
            td.id {
                (order_link(&order.order))
                span.soft {
                    @if let (Some(quantity), Some(product)) = (order.quantity, &order.product_id) {
                        (quantity) " × " (product) " · "
                    }
                    (order.merchant.as_deref().unwrap_or_default())
                }
            }
            (TOTAL.cell(total))
            td.t { (order.since.to_string()) }
            (AGE.cell(age(order.age_seconds)))
            td { (who(order)) }
            td { (why) }
        }
    }
}

/// Who acts next, with a link to the page where it is done.
fn who(order: &UndeliveredOrder) -> Markup {
    let (tone, words, page) = match order.owner {
        ActsNext::Worker => (Tone::Plain, say("worker", "worker"), None),
        ActsNext::Alipay => (Tone::Plain, say("支付宝", "Alipay"), None),
        ActsNext::Shop => (Tone::Warn, say("商家", "shop"), None),
        ActsNext::Review => (Tone::Warn, say("人工复核", "review"), Some(at("/reviews"))),
        ActsNext::Stock => (Tone::Bad, say("补货", "stock"), Some(at("/products"))),
        ActsNext::Pause => (Tone::Warn, say("暂停中", "pause"), Some(at("/pauses"))),
        ActsNext::Retries => (Tone::Bad, say("重试超时", "retries"), None),
        ActsNext::Audit => (Tone::Bad, say("对账", "audit"), None),
        ActsNext::DeadLetters => {
            let letters = listing("/dead-letters", &[("order", &order.order)]);
            (Tone::Bad, say("死信", "dead letters"), Some(letters))
        }
    };
    let word = tag(tone, words);
    match page {
        Some(page) => html! { a href=(page) { (word) } },
        None => word,
    }
}

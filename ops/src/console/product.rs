//! `/products/ID`: the stock of a product, with the forms that import codes and take codes out.

use alipay::Fen;
use axum::extract::{Path, State};
use maud::{Markup, html};
use order::ProductKind;
use service::language::say;
use service::page::fact;
use store::stock::withdrawal;

use super::address::{link, listing};
use super::page::Page;
use super::right::Right;
use super::user::{may, may_not};
use super::{Console, Shared, person, stock_import, withdrawals};
use crate::failure::Failure;
use crate::operations::product::{self, ListedProduct};

/// Withdrawals that are listed.
const LISTED: i64 = 20;

/// The most codes that the form takes out at once: a page shows them.
pub(super) const MOST_WITHDRAWN: i64 = 1000;

pub(super) async fn show(State(console): Shared, Path(id): Path<String>) -> Result<Page, Failure> {
    let wanted = id.clone();
    let read = move |connection: &mut store::Connection| {
        let all = product::list(connection)?;
        let found = all.into_iter().find(|product| product.id == wanted);
        let product = found.ok_or_else(|| {
            Failure::NotFound(say("没有这个商品", "there is no such product").into())
        })?;
        let taken = withdrawal::list(connection, Some(&wanted), LISTED)?;
        Ok((product, taken))
    };
    let (product, taken) = console.database(read).await?;
    let has_codes = product.kind == ProductKind::Stock;
    let body = html! {
        (facts(&product))
        @if has_codes && may(Right::ChangeStock) {
            (stock_import::form(&console, &id))
            (withdraw_form(&console, &id))
        } @else if has_codes {
            (may_not())
        }
        @if !taken.is_empty() {
            h2 { (say("取出记录", "Withdrawals")) }
            (withdrawals::rows(&taken))
            p.pages {
                (link(&listing(withdrawals::PATH, &[("product", &id)]), say("全部", "All of them")))
            }
        }
    };
    Ok(Page::new(format!("{} {id}", say("商品", "Product")), body))
}

fn facts(product: &ListedProduct) -> Markup {
    let level = product.stock.as_ref();
    let count = |count: Option<i64>| count.map(|count| count.to_string()).unwrap_or_default();
    let on_sale = if product.on_sale { say("是", "yes") } else { say("否", "no") };
    html! {
        div.card { table.facts {
            (fact(say("名称", "Name"), &product.name))
            (fact(say("单价", "Price"), format!("¥ {}", Fen::new(product.price))))
            (fact(say("在售", "On sale"), on_sale))
            (fact(say("可售", "Available"), count(level.map(|level| level.available))))
            (fact(say("已发", "Delivered"), count(level.map(|level| level.delivered))))
            (fact(say("收回", "Returned"), count(level.map(|level| level.returned))))
            (fact(say("等货订单", "Orders that wait"), count(level.map(|level| level.waiting_orders))))
            (fact(say("警戒线", "Low at"), count(product.low_stock.map(i64::from))))
        } }
    }
}

fn withdraw_form(console: &Console, product: &str) -> Markup {
    let count = say("取出数量", "How many codes");
    html! {
        h2 { (say("取出卡密", "Take codes out")) }
        p.note {
            (say(
                "先记录谁、何时、为什么取出，再显示卡密；取出的卡密不再出售，可以整批放回。",
                "Who takes which codes and why is on record before they are shown; they are not sold any more, and can be \
                 put back together.",
            ))
        }
        form.bar #withdraw-codes method="post" action=(withdrawals::of_product(product)) {
            (console.guard.field())
            input type="number" name="count" required min="1" max=(MOST_WITHDRAWN) placeholder=(count) aria-label=(count);
            (person::fields(say("原因（必填）", "Why (required)"), say("原因", "Why"), true))
            button.danger { (say("取出", "Take out")) }
        }
    }
}

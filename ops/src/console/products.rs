//! `/products`: what the shop sells, and how much of it is there.

use alipay::Fen;
use axum::extract::State;
use maud::{Markup, html};
use order::ProductKind;
use service::language::say;
use service::page::Column;
use store::stock::{self, StockLevel};
use store::{product, snapshot};

use super::address::{address, at, link};
use super::page::{Page, nothing, table};
use super::tag::{Tone, tag};
use super::{Shared, subscriptions, withdrawals};
use crate::failure::Failure;

const PRICE: Column = Column::number("单价", "Price");
const AVAILABLE: Column = Column::number("可售", "Available");
const DELIVERED: Column = Column::number("已发", "Delivered");
const RETURNED: Column = Column::number("收回", "Returned");
const WAITING: Column = Column::number("等货订单", "Waiting");
const LOW_AT: Column = Column::number("警戒线", "Low at");

pub(super) async fn show(State(console): Shared) -> Result<Page, Failure> {
    let read = |connection: &mut store::Connection| {
        snapshot(connection, |connection| {
            Ok::<_, Failure>((product::list(connection)?, stock::levels(connection)?))
        })
    };
    let (products, levels) = console.database(read).await?;
    let columns = [
        Column::text("商品", "Product"),
        Column::text("类型", "Kind"),
        PRICE,
        AVAILABLE,
        DELIVERED,
        RETURNED,
        WAITING,
        LOW_AT,
        Column::NAMELESS,
    ];
    let rows = products
        .iter()
        .map(|product| row(product, levels.iter().find(|level| level.product_id == product.id)));
    let body = html! {
        @if products.is_empty() {
            (nothing(say("还没有商品，用 ops product add 添加。", "No products yet.")))
        } @else {
            (table(columns, rows))
        }
        p.pages {
            (link(&at(withdrawals::PATH), say("取出记录", "Withdrawals")))
            (link(&at(subscriptions::PATH), say("订阅", "Subscriptions")))
        }
        p.note {
            (say("补货：点商品名。", "Import codes: follow a name.")) " "
            (say("大文件：", "A large file:")) " "
            code { "ops stock import PRODUCT --file codes.txt" } " "
            (say("· 警戒线：", "· Threshold:")) " "
            code { "ops product set PRODUCT --low-stock 20" } " "
            (say("· 下架：", "· Off sale:")) " "
            code { "ops product set PRODUCT --on-sale no" }
        }
    };
    Ok(Page::new(say("商品", "Products"), body))
}

fn row(product: &product::Product, level: Option<&StockLevel>) -> Markup {
    let kind = match product.kind {
        ProductKind::Stock => say("卡密", "stock"),
        ProductKind::Subscription => say("订阅", "subscription"),
        ProductKind::Manual => say("人工", "manual"),
    };
    html! {
        tr {
            td {
                (link(&address("/products/", &product.id), &product.name))
                span.soft.mono { (product.id) }
            }
            td {
                (kind)
                @if let Some(days) = product.days { " " (days) " " (say("天", "days")) }
            }
            (PRICE.cell(Fen::new(product.price.get())))
            @match level {
                Some(level) => {
                    (AVAILABLE.cell(level.available))
                    (DELIVERED.cell(level.delivered))
                    (RETURNED.cell(level.returned))
                    (WAITING.cell(waiting(level)))
                    (LOW_AT.cell(level.low_stock.map(|low| low.to_string()).unwrap_or_default()))
                }
                None => { td {} td {} td {} td {} td {} }
            }
            td { (mark(product, level)) }
        }
    }
}

fn waiting(level: &StockLevel) -> String {
    match level.waiting_orders {
        0 => "0".to_owned(),
        orders => format!("{orders} ({} {})", level.waiting_units, say("件", "units")),
    }
}

fn mark(product: &product::Product, level: Option<&StockLevel>) -> Markup {
    if level.is_some_and(|level| level.waiting_orders > 0) {
        tag(Tone::Bad, say("缺货", "orders wait"))
    } else if !product.on_sale {
        tag(Tone::Plain, say("已下架", "off sale"))
    } else if level.is_some_and(StockLevel::is_low) {
        tag(Tone::Warn, say("库存低", "low"))
    } else {
        html! {}
    }
}

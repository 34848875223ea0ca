//! `/products`: what the shop sells, and how much of it is there.

use alipay::Fen;
use order::ProductKind;
use service::html::Html;
use service::language::say;
use store::stock::{self, StockLevel};
use store::{product, snapshot};

use super::Console;
use super::layout::{Page, nothing};
use super::list::{Column, list};
use super::tag::{Tone, tag};
use crate::failure::Failure;

const PRICE: Column = Column::number("单价", "Price");
const AVAILABLE: Column = Column::number("可售", "Available");
const DELIVERED: Column = Column::number("已发", "Delivered");
const RETURNED: Column = Column::number("收回", "Returned");
const WAITING: Column = Column::number("等货订单", "Waiting");
const LOW_AT: Column = Column::number("警戒线", "Low at");

pub(super) async fn show(console: &Console) -> Result<Page, Failure> {
    let read = |connection: &mut store::Connection| {
        snapshot(connection, |connection| {
            Ok::<_, Failure>((product::list(connection)?, stock::levels(connection)?))
        })
    };
    let (products, levels) = console.database(read).await?;
    let mut body = Html::new();
    if products.is_empty() {
        body = body.html(nothing(say("还没有商品，用 ops product add 添加。", "No products yet.")));
    } else {
        let rows = products.iter().map(|product| {
            row(product, levels.iter().find(|level| level.product_id == product.id))
        });
        body = body.html(list(
            [
                Column::text("商品", "Product"),
                Column::text("类型", "Kind"),
                PRICE,
                AVAILABLE,
                DELIVERED,
                RETURNED,
                WAITING,
                LOW_AT,
                Column::NAMELESS,
            ],
            rows,
        ));
    }
    body = body
        .raw("<p class=\"note\">")
        .raw(say("补货：", "Import codes:"))
        .raw(" <code>ops stock import PRODUCT --file codes.txt</code> ")
        .raw(say("· 警戒线：", "· Threshold:"))
        .raw(" <code>ops product set PRODUCT --low-stock 20</code> ")
        .raw(say("· 下架：", "· Off sale:"))
        .raw(" <code>ops product set PRODUCT --on-sale no</code></p>");
    Ok(Page::new("/products", say("商品", "Products"), body))
}

fn row(product: &product::Product, level: Option<&StockLevel>) -> Html {
    let kind = match product.kind {
        ProductKind::Stock => say("卡密", "stock"),
        ProductKind::Subscription => say("订阅", "subscription"),
        ProductKind::Manual => say("人工", "manual"),
    };
    let kind = match product.days {
        Some(days) => format!("{kind} {days} {}", say("天", "days")),
        None => kind.to_owned(),
    };
    let mut row = Html::new()
        .raw("<tr><td>")
        .text(&product.name)
        .raw("<span class=\"soft mono\">")
        .text(&product.id)
        .raw("</span></td>")
        .cell(&kind)
        .html(PRICE.cell(Fen::new(product.price.get())));
    row = match level {
        Some(level) => row
            .html(AVAILABLE.cell(level.available))
            .html(DELIVERED.cell(level.delivered))
            .html(RETURNED.cell(level.returned))
            .html(WAITING.cell(match level.waiting_orders {
                0 => "0".to_owned(),
                orders => format!("{orders} ({} {})", level.waiting_units, say("件", "units")),
            }))
            .html(LOW_AT.cell(level.low_stock.map(|low| low.to_string()).unwrap_or_default()))
            .cell_of(mark(product, Some(level))),
        None => {
            row.raw("<td></td><td></td><td></td><td></td><td></td>").cell_of(mark(product, None))
        }
    };
    row.raw("</tr>\n")
}

fn mark(product: &product::Product, level: Option<&StockLevel>) -> Html {
    if level.is_some_and(|level| level.waiting_orders > 0) {
        return tag(Tone::Bad, say("缺货", "orders wait"));
    }
    if !product.on_sale {
        return tag(Tone::Plain, say("已下架", "off sale"));
    }
    if level.is_some_and(StockLevel::is_low) {
        tag(Tone::Warn, say("库存低", "low"))
    } else {
        Html::new()
    }
}

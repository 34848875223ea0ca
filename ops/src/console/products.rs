//! `/products`: what the shop sells, and how much of it is there.

use alipay::Fen;
use order::ProductKind;
use service::html::Html;
use store::product;
use store::report::{StockLevel, snapshot, stock_levels};

use super::Console;
use super::layout::{Page, nothing};
use super::tag::{Tone, tag};
use crate::failure::Failure;

pub(super) async fn list(console: &Console) -> Result<Page, Failure> {
    let read = |connection: &mut store::Connection| {
        snapshot(connection, |connection| {
            Ok::<_, Failure>((product::list(connection)?, stock_levels(connection)?))
        })
    };
    let (products, levels) = console.database(read).await?;
    let mut body = Html::new();
    if products.is_empty() {
        body = body.html(nothing("还没有商品，用 ops product add 添加。 No products yet."));
    } else {
        let rows = products.iter().map(|product| {
            row(product, levels.iter().find(|level| level.product_id == product.id))
        });
        body = body
            .raw("<div class=\"card\"><table><tr><th>商品 Product</th><th>类型 Kind</th>")
            .raw("<th class=\"n\">单价 Price</th><th class=\"n\">可售 Available</th>")
            .raw("<th class=\"n\">已发 Delivered</th><th class=\"n\">收回 Returned</th>")
            .raw("<th class=\"n\">等货订单 Waiting</th><th class=\"n\">警戒线 Low at</th><th></th></tr>\n")
            .all(rows)
            .raw("</table></div>\n");
    }
    body = body.raw(
        "<p class=\"note\">补货 Import codes: <code>ops stock import PRODUCT --file codes.txt</code> · \
         警戒线 Threshold: <code>ops product set PRODUCT --low-stock 20</code> · \
         下架 Off sale: <code>ops product set PRODUCT --on-sale no</code></p>",
    );
    Ok(Page::new("/products", "商品 Products", body))
}

fn row(product: &product::Product, level: Option<&StockLevel>) -> Html {
    let kind = match product.kind {
        ProductKind::Stock => "卡密 stock",
        ProductKind::Subscription => "订阅 subscription",
        ProductKind::Manual => "人工 manual",
    };
    let kind = match product.days {
        Some(days) => format!("{kind} {days} 天 days"),
        None => kind.to_owned(),
    };
    let mut row = Html::new()
        .raw("<tr><td>")
        .text(&product.name)
        .raw("<span class=\"soft mono\">")
        .text(&product.id)
        .raw("</span></td>")
        .cell(&kind)
        .number(Fen::new(product.price.get()));
    row = match level {
        Some(level) => row
            .number(level.available)
            .number(level.delivered)
            .number(level.returned)
            .number(match level.waiting_orders {
                0 => "0".to_owned(),
                orders => format!("{orders} ({} 件 units)", level.waiting_units),
            })
            .number(level.low_stock.map(|low| low.to_string()).unwrap_or_default())
            .cell_of(mark(product, Some(level))),
        None => {
            row.raw("<td></td><td></td><td></td><td></td><td></td>").cell_of(mark(product, None))
        }
    };
    row.raw("</tr>\n")
}

fn mark(product: &product::Product, level: Option<&StockLevel>) -> Html {
    if level.is_some_and(|level| level.waiting_orders > 0) {
        return tag(Tone::Bad, "缺货 orders wait");
    }
    if !product.on_sale {
        return tag(Tone::Plain, "已下架 off sale");
    }
    if level.is_some_and(StockLevel::is_low) {
        tag(Tone::Warn, "库存低 low")
    } else {
        Html::new()
    }
}

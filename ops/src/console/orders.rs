//! `/orders`: the latest orders, and the search for one.

use alipay::Fen;
use order::{FulfillmentState, VariantArray};
use service::html::Html;
use service::language::say;
use store::user_order::{self, Order, OrderSearch};

use super::Console;
use super::address::{address, listing};
use super::layout::{Page, nothing};
use super::list::{Column, list};
use super::request::Asked;
use super::tag::{self, Tone, tag};
use crate::failure::Failure;
use crate::operations::order::status_name::{ORDER_STATUSES, parse_status, status_name};

/// Orders on one page.
const LISTED: i64 = 100;

/// What is searched for with `status`, besides the statuses.
const IN_REVIEW: &str = "review";

const TOTAL: Column = Column::number("金额", "Total");
const REFUNDED: Column = Column::number("已退", "Refunded");

pub(super) async fn show(console: &Console, asked: &Asked) -> Result<Page, Failure> {
    let (text, state) = (asked.query.get("q").to_owned(), asked.query.get("status").to_owned());
    let after = asked.query.get("after").to_owned();
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
    let goods = asked.query.get("goods").to_owned();
    let goods_state = match goods.as_str() {
        "" => None,
        word => Some(word.parse::<FulfillmentState>().map_err(|_| {
            Failure::Usage(
                say("goods：没有这个发货状态", "goods: no such state of goods").to_owned(),
            )
        })?),
    };
    let (wanted, in_review, last) = (text.clone(), state == IN_REVIEW, after.clone());
    let mut orders = console
        .database(move |connection| {
            let search = OrderSearch {
                text: Some(wanted.as_str()).filter(|text| !text.is_empty()),
                status,
                needs_review: in_review,
                goods: goods_state,
                after: Some(last.as_str()).filter(|last| !last.is_empty()),
            };
            Ok(user_order::search(connection, &search, LISTED + 1)?)
        })
        .await?;
    let more = orders.len() > LISTED as usize;
    orders.truncate(LISTED as usize);

    let mut body = search_bar(&text, &state, &goods);
    if orders.is_empty() {
        body = body.html(nothing(say("没有符合条件的订单。", "No order matches.")));
    } else {
        body = body.html(list(
            [
                Column::text("订单", "Order"),
                Column::text("商品", "Product"),
                TOTAL,
                REFUNDED,
                Column::text("状态", "Status"),
                Column::text("货物", "Goods"),
                Column::text("下单", "Placed"),
            ],
            orders.iter().map(row),
        ));
    }
    body = body.raw("<p class=\"pages\">");
    if !after.is_empty() {
        let first = listing("/orders", &[("q", &text), ("status", &state), ("goods", &goods)]);
        body = body.link(&first, say("« 最新", "Latest"));
    }
    if let (true, Some(last)) = (more, orders.last()) {
        let parts =
            [("q", text.as_str()), ("status", &state), ("goods", &goods), ("after", &last.id)];
        let next = listing("/orders", &parts);
        body = body.link(&next, say("更早", "Older »"));
    }
    Ok(Page::new("/orders", say("订单", "Orders"), body.raw("</p>")))
}

fn search_bar(text: &str, state: &str, goods: &str) -> Html {
    let mut bar = Html::new()
        .raw("<form class=\"bar\" method=\"get\" action=\"/orders\">")
        .raw("<input type=\"search\" name=\"q\" maxlength=\"128\" aria-label=\"")
        .raw(say("搜索", "Search"))
        .raw("\" placeholder=\"")
        .raw(say("订单号、交易号（可只写开头）或买家号", "Order, trade (or how it begins), buyer"))
        .raw("\" value=\"")
        .text(text)
        .raw("\"><select name=\"status\" aria-label=\"")
        .raw(say("状态", "Status"))
        .raw("\"><option value=\"\">")
        .raw(say("全部状态", "Any status"))
        .raw("</option>");
    let statuses = ORDER_STATUSES.iter().map(|(status, _)| status.code());
    for code in statuses {
        let chosen = code.to_string() == state || status_name(code) == state;
        let words = format!("{code} {}", tag::status_words(code));
        bar = option(bar, &code.to_string(), chosen, &words);
    }
    bar = option(bar, IN_REVIEW, state == IN_REVIEW, say("复核中", "In review"));
    bar = bar
        .raw("</select><select name=\"goods\" aria-label=\"")
        .raw(say("货物", "Goods"))
        .raw("\"><option value=\"\">")
        .raw(say("任何货物状态", "Any goods"))
        .raw("</option>");
    for state in FulfillmentState::VARIANTS {
        let word = state.as_str();
        bar = option(bar, word, word == goods, &tag::goods_words(word));
    }
    bar.raw("</select><button class=\"main\">").raw(say("搜索", "Search")).raw("</button></form>\n")
}

fn option(html: Html, value: &str, chosen: bool, words: &str) -> Html {
    html.raw("<option value=\"")
        .text(value)
        .raw(if chosen { "\" selected>" } else { "\">" })
        .text(words)
        .raw("</option>")
}

fn row(order: &Order) -> Html {
    let refunded = match order.refunded_fee {
        0 => String::new(),
        fee => Fen::new(fee).to_string(),
    };
    let mut goods = match &order.goods_state {
        Some(state) => tag::goods(state),
        None => Html::new(),
    };
    if let Some(since) = order.goods_waiting_since
        && order.goods_state.as_deref().is_some_and(|state| state.starts_with("awaiting_"))
    {
        goods = goods
            .raw("<span class=\"soft\">")
            .raw(say("自", "since"))
            .raw(" ")
            .shown(since)
            .raw("</span>");
    }
    if order.needs_review {
        goods = goods.raw(" ").html(tag(Tone::Bad, say("复核中", "in review")));
    }
    let mut row =
        Html::new().raw("<tr><td class=\"id\">").link(&address("/orders/", &order.id), &order.id);
    if let Some(trade_no) = &order.trade_no {
        row = row.raw("<span class=\"soft mono\">").text(trade_no).raw("</span>");
    }
    let product = format!("{} × {}", order.quantity, order.product_id);
    row.raw("</td><td>")
        .text(&order.subject)
        .raw("<span class=\"soft\">")
        .text(&product)
        .raw(" · ")
        .text(&order.merchant)
        .raw("</span></td>")
        .html(TOTAL.cell(Fen::new(order.total_fee)))
        .html(REFUNDED.cell(refunded))
        .cell_of(tag::status(order.status))
        .cell_of(goods)
        .raw("<td class=\"t\">")
        .shown(order.created_at)
        .raw("</td></tr>\n")
}

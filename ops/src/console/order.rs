//! `/orders/ID`: what an order is, what happened, and what was not done and why.

use alipay::Fen;
use service::html::Html;
use service::language::{Language, say};
use store::{BeijingTime, snapshot};

use super::Console;
use super::address::address;
use super::layout::Page;
use super::list::{Column, list};
use super::request::Asked;
use super::reviews;
use super::tag::{self, Tone};
use crate::failure::Failure;
use crate::operations::order::details::OrderDetails;
use crate::operations::order::missing::MissingOrder;
use crate::operations::order::next_step::NextStep;
use crate::operations::order::story::{GoodsMove, Happening, happenings, not_done};

pub(super) async fn show(console: &Console, asked: &Asked, id: &str) -> Result<Page, Failure> {
    let (order, config) = (id.to_owned(), console.config.clone());
    let redact = asked.query.some("redact").is_some();
    let read = move |connection: &mut store::Connection| {
        let page = snapshot(connection, |connection| OrderDetails::read(connection, &order))?;
        let Some(mut page) = page else {
            let told = MissingOrder::read(connection, &order)?.told();
            return Err(Failure::NotFound(told));
        };
        page.check_signatures(&config);
        if redact {
            page.redact();
        }
        Ok(page)
    };
    let page = console.database(read).await?;
    let toggle = match redact {
        true => Html::new().link(&address("/orders/", id), say("显示全部", "Show everything")),
        false => Html::new()
            .raw("<a href=\"")
            .text(&address("/orders/", id))
            .raw("?redact=1\">")
            .raw(say("隐藏买家、卡密和姓名", "Hide buyer, codes and names"))
            .raw("</a>"),
    };
    let body = Html::new()
        .html(facts(&page))
        .html(missing(&page))
        .html(next(&page))
        .raw("<h2>")
        .raw(say("经过", "What happened"))
        .raw("</h2><div class=\"card\"><ol class=\"story\">")
        .all(happenings(&page).iter().map(happening))
        .raw("</ol></div>\n")
        .html(goods(&page))
        .html(trades(&page))
        .html(refunds(&page))
        .html(cases(&page))
        .raw("<p class=\"pages\">")
        .html(toggle)
        .raw("</p>");
    Ok(Page::new("/orders", format!("{} {id}", say("订单", "Order")), body))
}

fn facts(page: &OrderDetails) -> Html {
    let row = &page.order.row;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut state = tag::status(row.status);
    if let Some(fulfillment) = &page.fulfillment {
        state = state.raw(" ").html(tag::goods(&fulfillment.state));
    }
    let product = &page.product;
    let bought =
        format!("{} × {} ({}, {})", row.quantity, product.name, product.id, product.kind.as_str());
    let refunded = match row.refunded_fee {
        0 => String::new(),
        fee => format!("¥ {}", Fen::new(fee)),
    };
    Html::new()
        .raw("<div class=\"two row\"><div class=\"card\"><table class=\"facts\">")
        .row_of(say("状态", "State"), state)
        .row(say("商品", "Product"), &bought)
        .row(say("标题", "Subject"), &row.subject)
        .row(say("金额", "Total"), &format!("¥ {}", Fen::new(row.total_fee)))
        .row(say("已退", "Refunded"), &refunded)
        .row(say("下单", "Placed"), &row.created_at.to_string())
        .row(say("付款期限", "Payable until"), &reviews::told(row.expires_at))
        .row(say("到期关闭", "Expired"), &reviews::told(row.expired_at))
        .row(say("付款", "Paid"), &reviews::told(row.paid_dtime))
        .raw("</table></div><div class=\"card\"><table class=\"facts\">")
        .row(say("商户", "Merchant"), &row.merchant)
        .row(say("账号", "Account"), &row.account)
        .row(say("交易号", "Trade"), &text(&row.trade_no))
        .row(say("买家", "Buyer"), &text(&row.buyer_email))
        .row(say("买家号", "Buyer id"), &text(&row.buyer_id))
        .row(say("卖家号", "Seller id"), &text(&row.seller_id))
        .raw("</table></div></div>\n")
}

/// What was not done, and why.
fn missing(page: &OrderDetails) -> Html {
    let lines = not_done(page);
    if lines.is_empty() {
        return Html::new();
    }
    let lines = lines.iter().map(|line| Html::new().raw("<p>").text(line).raw("</p>"));
    Html::new()
        .raw("<h2>")
        .raw(say("没有做的，以及为什么", "What was not done, and why"))
        .raw("</h2><div class=\"box warn\">")
        .all(lines)
        .raw("</div>\n")
}

const AMOUNT: Column = Column::number("金额", "Amount");
/// What to do next.
fn next(page: &OrderDetails) -> Html {
    let step = NextStep::of(page);
    let words = match Language::here() {
        Language::Chinese => step.chinese(),
        Language::English => step.english(),
    };
    Html::new()
        .raw("<h2>")
        .raw(say("下一步", "What to do next"))
        .raw("</h2><div class=\"card\"><p>")
        .text(&words)
        .raw("</p></div>\n")
}

/// The Chinese word and the colour of a line of the story.
fn topic(happening: &Happening<'_>) -> (&'static str, Tone) {
    match happening {
        Happening::Placed => ("下单", Tone::Plain),
        Happening::PaymentTimeEnded => ("到期", Tone::Plain),
        Happening::RefundAsked(_) => ("退款", Tone::Plain),
        Happening::Message(message) => (
            match message.kind.as_str() {
                "query_answer" | "refund_answer" | "expiry" | "query_request" => "网关",
                "decision" => "决定",
                _ => "通知",
            },
            match &message.changes {
                _ if message.outcome == "rejected" => Tone::Bad,
                Some(change) if change.moves() => Tone::Good,
                _ => Tone::Plain,
            },
        ),
        Happening::Goods(GoodsMove::Delivered) => ("货物", Tone::Good),
        Happening::Goods(GoodsMove::Wait | GoodsMove::Returned) => ("货物", Tone::Plain),
        Happening::ReviewRaised(_) | Happening::ReviewDecided(_) => ("复核", Tone::Warn),
        Happening::LetterHandled(_) | Happening::LetterDied(_) => ("死信", Tone::Warn),
        Happening::CameBack(_) => ("消息", Tone::Plain),
        Happening::EventPublished(_) => ("事件", Tone::Plain),
    }
}

fn happening((at, happening): &(BeijingTime, Happening<'_>)) -> Html {
    let (chinese, tone) = topic(happening);
    let html = Html::new()
        .raw("<li class=\"")
        .raw(tone.class())
        .raw("\"><time>")
        .shown(at)
        .raw("</time><b>")
        .raw(say(chinese, ""))
        .raw("</b>")
        .text(&happening.english());
    let html = match happening.detail() {
        Some(detail) => html.raw("<span class=\"soft\">").text(&detail).raw("</span>"),
        None => html,
    };
    html.raw("</li>\n")
}

fn goods(page: &OrderDetails) -> Html {
    if page.goods.is_empty() && page.entitlement.is_none() {
        return Html::new();
    }
    let codes = page.goods.iter().map(|code| {
        let row = Html::new().raw("<tr><td class=\"mono\">").text(&code.code).raw("</td>");
        row.cell_of(tag::goods(&code.state)).raw("</tr>\n")
    });
    let mut html = Html::new()
        .raw("<h2>")
        .raw(say("货物", "Goods"))
        .raw("</h2><div class=\"card\"><table>")
        .all(codes);
    if let Some(entitlement) = &page.entitlement {
        html = html
            .raw("<tr><td>")
            .text(&entitlement.account)
            .raw("</td><td>")
            .shown(entitlement.days)
            .raw(say(" 天，自 ", " days from "))
            .shown(entitlement.starts_at)
            .raw(say("；账号有效至 ", "; the account has it until "))
            .shown(entitlement.account_until)
            .raw("</td></tr>\n");
    }
    html.raw("</table></div>\n")
}

fn trades(page: &OrderDetails) -> Html {
    if page.trades.is_empty() {
        return Html::new();
    }
    let rows = page.trades.iter().map(|trade| {
        Html::new()
            .raw("<tr><td class=\"id mono\">")
            .text(&trade.trade_no)
            .raw("</td>")
            .cell(&trade.facts.join(", "))
            .cell(&trade.times())
            .raw("</tr>\n")
    });
    Html::new().raw("<h2>").raw(say("交易", "Trades")).raw("</h2>").html(list(
        [
            Column::text("交易号", "Trade"),
            Column::text("事实", "Facts"),
            Column::text("时间", "Times"),
        ],
        rows,
    ))
}

fn refunds(page: &OrderDetails) -> Html {
    if page.refunds.is_empty() {
        return Html::new();
    }
    let rows = page.refunds.iter().map(|refund| {
        let amount = refund.amount.map(|fee| Fen::new(fee).to_string()).unwrap_or_default();
        Html::new()
            .raw("<tr><td class=\"mono\">")
            .text(&refund.request_no)
            .raw("</td>")
            .html(AMOUNT.cell(amount))
            .cell(refund.result.as_deref().unwrap_or_default())
            .raw("<td class=\"t\">")
            .text(&reviews::told(refund.gmt_refund))
            .raw("</td></tr>\n")
    });
    Html::new().raw("<h2>").raw(say("退款", "Refunds")).raw("</h2>").html(list(
        [
            Column::text("退款号", "Request"),
            AMOUNT,
            Column::text("结果", "Result"),
            Column::text("时间", "Refunded"),
        ],
        rows,
    ))
}

fn cases(page: &OrderDetails) -> Html {
    if page.reviews.is_empty() {
        return Html::new();
    }
    let rows = page.reviews.iter().map(|review| {
        let id = review.id.to_string();
        Html::new()
            .raw("<tr><td class=\"id\">")
            .link(&address("/reviews/", &id), &format!("# {id}"))
            .raw("</td>")
            .cell(&review.reason)
            .cell_of(reviews::state(&review.state))
            .raw("</tr>\n")
    });
    Html::new()
        .raw("<h2>")
        .raw(say("复核", "Reviews"))
        .raw("</h2><div class=\"card\"><table>")
        .all(rows)
        .raw("</table></div>\n")
}

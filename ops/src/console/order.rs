//! `/orders/ID`: what an order is, what happened, and what was not done and why.

use alipay::Fen;
use axum::extract::{Path, State};
use maud::{Markup, display, html};
use order::MessageOutcome;
use queue::MessageKind;
use service::language::{Language, say};
use service::page::{Column, fact};
use store::BeijingTime;

use super::address::{address, link};
use super::amendment;
use super::page::{Page, section};
use super::request::QueryString;
use super::reviews::{self, review_address};
use super::right::Right;
use super::tag::{self, Tone};
use super::{Shared, user};
use crate::failure::Failure;
use crate::operations::order::details::{OrderDetails, look_up};
use crate::operations::order::next_step::NextStep;
use crate::operations::order::story::{GoodsMove, StoryEvent, happenings, not_done};
use crate::text::or_empty;

const AMOUNT: Column = Column::number("金额", "Amount");

pub(super) async fn show(
    State(console): Shared,
    Path(id): Path<String>,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let (order, config) = (id.clone(), console.config.clone());
    let redact = query.some("redact").is_some();
    let sees_codes = user::may(Right::SeeCodes);
    let read = move |connection: &mut store::Connection| {
        let mut found = look_up(connection, &config, &order, redact)?
            .map_err(|missing| Failure::NotFound(missing.text()))?;
        if !sees_codes {
            found.hide_codes();
        }
        Ok(found)
    };
    let page = console.database(read).await?;
    let own = address("/orders/", &id);
    let toggle = match redact {
        true => link(&own, say("显示全部", "Show everything")),
        false => {
            let hide = say("隐藏买家、卡密和姓名", "Hide buyer, codes and names");
            link(&format!("{own}?redact=1"), hide)
        }
    };
    let body = html! {
        (facts(&page))
        (missing(&page))
        h2 { (say("下一步", "What to do next")) }
        div.card { p { (next(&page)) } }
        h2 { (say("经过", "What happened")) }
        div.card { ol.story { @for line in &happenings(&page) { (happening(line)) } } }
        (goods(&page))
        (trades(&page))
        (refunds(&page))
        (cases(&page))
        (amendment::part(&console, &page))
        p.pages { (toggle) }
    };
    Ok(Page::new(format!("{} {id}", say("订单", "Order")), body))
}

fn facts(page: &OrderDetails) -> Markup {
    let row = &page.order.row;
    let state = html! {
        (tag::status(row.status))
        @if let Some(fulfillment) = &page.fulfillment { " " (tag::goods(fulfillment.state)) }
    };
    let product = &page.product;
    let bought =
        format!("{} × {} ({}, {})", row.quantity, product.name, product.id, product.kind.as_str());
    let refunded = match row.refunded_fee {
        0 => String::new(),
        fee => format!("¥ {}", Fen::new(fee)),
    };
    html! {
        div.two.row {
            div.card { table.facts {
                (fact(say("状态", "State"), state))
                (fact(say("商品", "Product"), bought))
                (fact(say("标题", "Subject"), &row.subject))
                (fact(say("金额", "Total"), format!("¥ {}", Fen::new(row.total_fee))))
                (fact(say("已退", "Refunded"), refunded))
                (fact(say("下单", "Placed"), row.created_at.to_string()))
                (fact(say("付款期限", "Payable until"), or_empty(row.expires_at)))
                (fact(say("到期关闭", "Expired"), or_empty(row.expired_at)))
                (fact(say("付款", "Paid"), or_empty(row.paid_dtime)))
            } }
            div.card { table.facts {
                (fact(say("商户", "Merchant"), &row.merchant))
                (fact(say("账号", "Account"), &row.account))
                (fact(say("交易号", "Trade"), or_empty(row.trade_no.as_ref())))
                (fact(say("买家", "Buyer"), or_empty(row.parties.buyer_email.as_ref())))
                (fact(say("买家号", "Buyer id"), or_empty(row.parties.buyer_id.as_ref())))
                (fact(say("卖家号", "Seller id"), or_empty(row.parties.seller_id.as_ref())))
            } }
        }
    }
}

/// What was not done, and why.
fn missing(page: &OrderDetails) -> Markup {
    let lines = not_done(page);
    html! {
        @if !lines.is_empty() {
            h2 { (say("没有做的，以及为什么", "What was not done, and why")) }
            div.box.warn { @for line in &lines { p { (line) } } }
        }
    }
}

/// What to do next.
fn next(page: &OrderDetails) -> String {
    let step = NextStep::of(page);
    match Language::here() {
        Language::Chinese => step.chinese(),
        Language::English => step.english(),
    }
}

/// The Chinese word and the colour of a line of the story.
fn topic(happening: &StoryEvent<'_>) -> (&'static str, Tone) {
    match happening {
        StoryEvent::Placed => ("下单", Tone::Plain),
        StoryEvent::PaymentTimeEnded => ("到期", Tone::Plain),
        StoryEvent::RefundAsked(_) => ("退款", Tone::Plain),
        StoryEvent::Amended(_) => ("修改", Tone::Warn),
        StoryEvent::Message(message) => (
            match message.kind() {
                Some(
                    MessageKind::QueryAnswer
                    | MessageKind::RefundAnswer
                    | MessageKind::Expiry
                    | MessageKind::QueryRequest,
                ) => "网关",
                Some(MessageKind::Decision) => "决定",
                _ => "通知",
            },
            match &message.changes {
                _ if message.outcome == MessageOutcome::Rejected => Tone::Bad,
                Some(change) if change.moves() => Tone::Good,
                _ => Tone::Plain,
            },
        ),
        StoryEvent::Goods(GoodsMove::Delivered) => ("商品", Tone::Good),
        StoryEvent::Goods(GoodsMove::Wait | GoodsMove::Returned) => ("商品", Tone::Plain),
        StoryEvent::ReviewRaised(_) | StoryEvent::ReviewDecided(_) => ("复核", Tone::Warn),
        StoryEvent::LetterHandled(_) | StoryEvent::LetterDied(_) => ("死信", Tone::Warn),
        StoryEvent::CameBack(_) => ("消息", Tone::Plain),
        StoryEvent::EventPublished(_) => ("事件", Tone::Plain),
        StoryEvent::RowsRemoved => ("清理", Tone::Plain),
    }
}

fn happening((at, happening): &(BeijingTime, StoryEvent<'_>)) -> Markup {
    let (chinese, tone) = topic(happening);
    html! {
        li.(tone.class()) {
            time { (display(at)) }
            b { (say(chinese, "")) }
            (happening.english())
            @if let Some(detail) = happening.detail() { span.soft { (detail) } }
        }
    }
}

fn goods(page: &OrderDetails) -> Markup {
    if page.goods.is_empty() && page.entitlement.is_none() {
        return html! {};
    }
    html! {
        h2 { (say("商品", "Goods")) }
        div.card { table {
            @for code in &page.goods {
                tr { td.mono { (code.code) } td { (tag::code(code.state)) } }
            }
            @if let Some(entitlement) = &page.entitlement {
                tr {
                    td { (entitlement.account) }
                    td {
                        (entitlement.days) (say(" 天，自 ", " days from "))
                        (display(entitlement.starts_at))
                        (say("；账号有效至 ", "; the account has it until "))
                        (display(entitlement.account_until))
                    }
                }
            }
        } }
    }
}

fn trades(page: &OrderDetails) -> Markup {
    let columns = [
        Column::text("交易号", "Trade"),
        Column::text("事实", "Facts"),
        Column::text("时间", "Times"),
    ];
    let rows = page.trades.iter().map(|trade| {
        html! {
            tr {
                td.id.mono { (trade.trade_no) }
                td { (trade.facts.to_string()) }
                td { (trade.times()) }
            }
        }
    });
    section(say("交易", "Trades"), columns, rows)
}

fn refunds(page: &OrderDetails) -> Markup {
    let columns = [
        Column::text("退款号", "Request"),
        AMOUNT,
        Column::text("结果", "Result"),
        Column::text("时间", "Refunded"),
    ];
    let rows = page.refunds.iter().map(|refund| {
        let amount = refund.amount.map(|fee| Fen::new(fee).to_string()).unwrap_or_default();
        html! {
            tr {
                td.mono { (refund.request_no) }
                (AMOUNT.cell(amount))
                td { (refund.result.as_deref().unwrap_or_default()) }
                td.t { (or_empty(refund.gmt_refund)) }
            }
        }
    });
    section(say("退款", "Refunds"), columns, rows)
}

fn cases(page: &OrderDetails) -> Markup {
    if page.reviews.is_empty() {
        return html! {};
    }
    html! {
        h2 { (say("复核", "Reviews")) }
        div.card { table {
            @for review in &page.reviews {
                tr {
                    td.id { (link(&review_address(review.id), &format!("# {}", review.id))) }
                    td { (review.reason) }
                    td { (reviews::state(review.state)) }
                }
            }
        } }
    }
}

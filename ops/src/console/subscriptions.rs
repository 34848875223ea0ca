//! `/subscriptions`: who has which subscription, until when, and which orders made it so.

use axum::extract::State;
use maud::{Markup, html};
use service::language::say;
use service::page::Column;
use store::clock;
use store::entitlement::{self, Subscription, SubscriptionOrder};

use super::Shared;
use super::address::{at, link, listing, order_link};
use super::page::{Menu, Page, nothing, section, table};
use super::request::QueryString;
use super::tag::{Tone, tag};
use crate::failure::Failure;

pub(super) const PATH: &str = "/subscriptions";

/// Subscriptions on one page, and orders of one account.
const LISTED: usize = 100;
const ORDERS: i64 = 500;

/// The longest account, in characters: what the column holds.
const LONGEST: usize = 255;

const NUMBER: Column = Column::number("订单数", "Orders");
const DAYS: Column = Column::number("天数", "Days");

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let text = |name: &str| query.at_most(name, LONGEST);
    let (account, after, of) = (text("account")?, text("after")?, text("of")?);
    let (wanted, last) = (account.clone(), (after.clone(), of.clone()));
    let read = move |connection: &mut store::Connection| {
        let after = (last.0.as_str(), last.1.as_str());
        let found = entitlement::subscriptions(connection, &wanted, after, LISTED as i64 + 1)?;
        let orders = match wanted.is_empty() {
            true => Vec::new(),
            false => entitlement::of_account(connection, &wanted, ORDERS)?,
        };
        Ok((found, orders, clock::now(connection)?))
    };
    let (mut found, orders, now) = console.database(read).await?;
    let more = found.len() > LISTED;
    found.truncate(LISTED);
    let next = found.last().filter(|_| more).map(|last| {
        let after = [("account", &*account), ("after", &*last.account), ("of", &*last.product_id)];
        listing(PATH, &after)
    });
    let columns = [
        Column::text("账号", "Account"),
        Column::text("商品", "Product"),
        NUMBER,
        Column::text("到期", "Until"),
        Column::NAMELESS,
    ];
    let row = |subscription: &Subscription| row(subscription, now);
    let body = html! {
        (bar(&account))
        @if found.is_empty() {
            (nothing(say("没有符合条件的订阅。", "No subscription matches.")))
        } @else {
            (table(columns, found.iter().map(row)))
        }
        (history(&account, &orders))
        p.pages { @if let Some(next) = next { (link(&next, say("更多 »", "More »"))) } }
    };
    let page = Page::new(say("订阅", "Subscriptions"), body);
    Ok(Page { menu: Some(Menu::Products), ..page })
}

fn bar(account: &str) -> Markup {
    let label = say("账号（可只写开头）", "Account, or how it begins");
    html! {
        form.bar #search-subscriptions method="get" action=(at(PATH)) {
            input type="search" name="account" maxlength=(LONGEST) placeholder=(label) aria-label=(label)
                value=(account);
            button.main { (say("搜索", "Search")) }
        }
    }
}

fn row(subscription: &Subscription, now: chrono::DateTime<chrono::Utc>) -> Markup {
    let account = listing(PATH, &[("account", &subscription.account)]);
    let is_over = subscription.until.is_some_and(|until| until.0 < now);
    html! {
        tr {
            td { (link(&account, &subscription.account)) }
            td.id { (subscription.product_id) }
            (NUMBER.cell(subscription.orders))
            td.t { @if let Some(until) = subscription.until { (until.to_string()) } }
            td {
                @if is_over {
                    (tag(Tone::Plain, say("已到期", "over")))
                } @else {
                    (tag(Tone::Good, say("有效", "active")))
                }
            }
        }
    }
}

/// The orders of exactly this account: each extended it, and one that was taken back shortened it.
fn history(account: &str, orders: &[SubscriptionOrder]) -> Markup {
    let columns = [
        Column::text("付款", "Paid"),
        Column::text("订单", "Order"),
        Column::text("商品", "Product"),
        DAYS,
        Column::text("收回", "Taken back"),
    ];
    let rows = orders.iter().map(|order| {
        html! {
            tr {
                td.t { @if let Some(at) = order.starts_at { (at.to_string()) } }
                td.id { (order_link(&order.order_id)) }
                td.id { (order.product_id) }
                (DAYS.cell(format!("+{}", order.days)))
                td.t {
                    @if order.days_granted.is_none() {
                        (tag(Tone::Warn, &format!("-{}", order.days))) " "
                        @if let Some(at) = order.returned_at { (at.to_string()) }
                    }
                }
            }
        }
    });
    section(&format!("{} {account}", say("延长与缩短：", "Extended and shortened:")), columns, rows)
}

//! `/withdrawals`: codes that were taken out of the stock. They are on record before they are shown.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use order::OperatorAction;
use serde_json::json;
use service::language::say;
use service::page::{Column, fact};
use store::MysqlConnection;
use store::stock::withdrawal::{self, NewWithdrawal, Withdrawal};

use super::address::{address, at, link};
use super::page::{Menu, Page, nothing, table, usage};
use super::product::MOST_WITHDRAWN;
use super::request::{PostedForm, QueryString};
use super::right::Right;
use super::user::may;
use super::{Console, Shared, person};
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor, Change};
use crate::operations::stock::withdraw::{put_back, withdraw};

pub(super) const PATH: &str = "/withdrawals";

/// Withdrawals on the page.
const LISTED: i64 = 200;

const CODES: Column = Column::number("卡密", "Codes");

/// Where the form of a product takes codes out.
pub(super) fn of_product(product: &str) -> String {
    format!("{}/withdraw", address("/products/", product))
}

pub(super) async fn list(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let product = query.some("product").map(str::to_owned);
    let read = move |connection: &mut store::Connection| {
        Ok(withdrawal::list(connection, product.as_deref(), LISTED)?)
    };
    let taken = console.database(read).await?;
    let body = html! {
        @if taken.is_empty() {
            (nothing(say("没有取出记录。", "Nothing was taken out.")))
        } @else {
            (rows(&taken))
        }
    };
    let page = Page::new(say("取出记录", "Withdrawals"), body);
    Ok(Page { menu: Some(Menu::Products), ..page })
}

/// A table of withdrawals.
pub(super) fn rows(taken: &[Withdrawal]) -> Markup {
    let columns = [
        Column::text("编号", "No."),
        Column::text("商品", "Product"),
        CODES,
        Column::text("谁", "Who"),
        Column::text("原因", "Why"),
        Column::text("时间", "When"),
        Column::text("放回", "Put back"),
    ];
    table(columns, taken.iter().map(row))
}

fn row(taken: &Withdrawal) -> Markup {
    html! {
        tr {
            td { (link(&address_of(taken.id), &taken.id.to_string())) }
            td.id { (taken.product_id) }
            (CODES.cell(taken.codes))
            td { (taken.taken_by) }
            td { (taken.reason) }
            td.t { (taken.taken_at.to_string()) }
            td.t { @if let Some(at) = taken.put_back_at { (at.to_string()) } }
        }
    }
}

fn address_of(id: i64) -> String {
    at(&format!("{PATH}/{id}"))
}

/// One withdrawal, with its codes for who may see them.
pub(super) async fn show(State(console): Shared, Path(id): Path<String>) -> Result<Page, Failure> {
    let id = number(&id)?;
    let sees_codes = may(Right::SeeCodes);
    let read = move |connection: &mut store::Connection| {
        let found = withdrawal::find(connection, id, false)?;
        let codes = if sees_codes { withdrawal::codes(connection, id)? } else { Vec::new() };
        Ok((found, codes))
    };
    let (found, codes) = console.database(read).await?;
    let taken = found.ok_or_else(missing)?;
    let back = taken.put_back_at.map(|at| {
        let by = taken.put_back_by.as_deref().unwrap_or_default();
        format!("{at} {by}: {}", taken.put_back_reason.as_deref().unwrap_or_default())
    });
    let body = html! {
        div.card { table.facts {
            (fact(say("商品", "Product"), link(&address("/products/", &taken.product_id), &taken.product_id)))
            (fact(say("卡密", "Codes"), taken.codes.to_string()))
            (fact(say("谁", "Who"), &taken.taken_by))
            (fact(say("原因", "Why"), &taken.reason))
            (fact(say("时间", "When"), taken.taken_at.to_string()))
            (fact(say("放回", "Put back"), back.unwrap_or_default()))
        } }
        @if sees_codes {
            h2 { (say("卡密", "Codes")) }
            div.card { pre #codes { @for code in &codes { (code) "\n" } } }
        }
        @if taken.put_back_at.is_none() && may(Right::ChangeStock) {
            h2 { (say("全部放回出售", "Put all of them back into sale")) }
            form.bar #put-back method="post" action=(address_of(id)) {
                (console.guard.field())
                (person::fields(say("原因（必填）", "Why (required)"), say("原因", "Why"), true))
                label {
                    input type="checkbox" name="also" value="yes";
                    (say("也放回其他商品已有的", "Also those that another product has"))
                }
                button { (say("放回", "Put back")) }
            }
        }
        p.pages { (link(&at(PATH), say("全部取出记录", "All withdrawals"))) }
    };
    let page = Page::new(format!("{} {id}", say("取出记录", "Withdrawal")), body);
    Ok(Page { menu: Some(Menu::Products), ..page })
}

/// Takes codes out of the stock of a product, and leads to the page that shows them.
pub(super) async fn take(
    State(console): Shared,
    Path(product): Path<String>,
    PostedForm(form): PostedForm,
) -> Result<Response, Failure> {
    let count: Option<i64> = form.get("count").parse().ok();
    let count = count.filter(|count| (1..=MOST_WITHDRAWN).contains(count));
    let count =
        count.ok_or_else(|| usage("数量要在 1 到 1000 之间", "how many codes? 1 to 1000"))?;
    let (by, why) = (person::name(&form)?, person::note(&form)?);
    if why.is_empty() {
        return Err(usage("请写原因", "say why"));
    }
    let taken = Console::to_its_end(async move {
        let act = Act::new(Actor::of_console(&by), OperatorAction::WithdrawCodes, &product);
        let record = console.begin(act.because(&why)).await?;
        let take = move |connection: &mut store::Connection| {
            let new = NewWithdrawal { product_id: &product, taken_by: &by, reason: &why };
            withdraw(connection, &new, Vec::new(), count)
        };
        let taken = console.database(take).await;
        let mut change = Change::default();
        if let Ok(taken) = &taken {
            change.to(json!({ "withdrawal": taken.withdrawal, "codes": taken.withdrawn.len() }));
        }
        console.end(record, change, &taken).await;
        taken
    })
    .await?;
    let id = taken.withdrawal.ok_or_else(|| {
        Failure::Refused(say("没有可售的卡密", "no code is available").to_owned())
    })?;
    Ok(Redirect::to(&address_of(id)).into_response())
}

/// Puts the codes of a withdrawal back into sale.
pub(super) async fn give_back(
    State(console): Shared,
    Path(id): Path<String>,
    PostedForm(form): PostedForm,
) -> Result<Redirect, Failure> {
    let id = number(&id)?;
    let (by, why) = (person::name(&form)?, person::note(&form)?);
    if why.is_empty() {
        return Err(usage("请写原因", "say why"));
    }
    let also = form.some("also").is_some();
    Console::to_its_end(async move {
        let act = Act::new(Actor::of_console(&by), OperatorAction::PutBackCodes, id);
        let record = console.begin(act.because(&why)).await?;
        let back =
            move |connection: &mut MysqlConnection| put_back(connection, id, &by, &why, also);
        let back = console.on_own_connection(back).await;
        let mut change = Change::default();
        if let Ok(back) = &back {
            change.to(json!({ "product": back.product_id, "put_back": back.put_back }));
        }
        console.end(record, change, &back).await;
        back
    })
    .await?;
    Ok(Redirect::to(&address_of(id)))
}

fn number(id: &str) -> Result<i64, Failure> {
    id.parse().map_err(|_| missing())
}

fn missing() -> Failure {
    Failure::NotFound(say("没有这个取出记录", "there is no such withdrawal").to_owned())
}

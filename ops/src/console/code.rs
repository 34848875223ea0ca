//! `/codes`: which order has a code.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use service::language::say;
use service::page::Column;
use store::stock::CodePlace;

use super::Shared;
use super::address::{address, order_link};
use super::orders::code_bar;
use super::page::{Menu, Page, nothing, table, usage};
use super::request::PostedForm;
use super::tag;
use crate::failure::Failure;
use crate::operations::stock::find::find_code;

/// Leads to the order that has the code; where there is none or several, says where the code is.
pub(super) async fn find(
    State(console): Shared,
    PostedForm(form): PostedForm,
) -> Result<Response, Failure> {
    let code = form.untrimmed("code").to_owned();
    let places = console.database(move |connection| find_code(connection, &code)).await;
    let places = places.map_err(|failure| match failure {
        Failure::Usage(_) => usage(
            "这不是卡密：请只粘贴一条，不含控制字符",
            "this is no code: paste one, without control characters",
        ),
        other => other,
    })?;
    if let [CodePlace { order_id: Some(order), .. }] = places.as_slice() {
        return Ok(Redirect::to(&address("/orders/", order)).into_response());
    }
    let columns = [
        Column::text("商品", "Product"),
        Column::text("状态", "State"),
        Column::text("订单", "Order"),
        Column::text("取出记录", "Withdrawal"),
    ];
    let body = html! {
        (code_bar(&console))
        @if places.is_empty() {
            (nothing(say("没有商品有过这个卡密。", "No product has or had this code.")))
        } @else {
            (table(columns, places.iter().map(row)))
        }
    };
    let page = Page::new(say("按卡密查找", "Find by code"), body);
    Ok(Page { menu: Some(Menu::Orders), ..page }.into_response())
}

fn row(place: &CodePlace) -> Markup {
    html! {
        tr {
            td.id { (place.product_id) }
            td { (tag::code(place.state)) }
            td.id { @if let Some(order) = &place.order_id { (order_link(order)) } }
            td { @if let Some(id) = place.withdrawal { (id) } }
        }
    }
}

//! The shop's pages, in English and Chinese.
//!
//! | request | |
//! |---|---|
//! | `GET /` | what is sold |
//! | `POST /buy` | places an order, then to its page |
//! | `GET /orders/NUMBER` | the order: the pay link, the goods |
//! | `GET /orders/NUMBER/back` | the buyer comes back from Alipay: "we are checking your payment", without the pay link |
//! | `GET /orders/NUMBER/news/SEEN` | answers when the order is not as SEEN any more, or after 25 s |
//! | `GET /shop.css`, `GET /shop.js` | how pages look, and what waits for news |

use std::sync::Arc;
use std::time::Duration;

use alipay::Fen;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use tokio::sync::broadcast::error::RecvError;

use crate::language::Language;
use crate::orders::{Order, State as OrderState};
use crate::page::{file, page, with_headers};
use crate::{Shop, say};

/// Shorter than the idle limits of usual proxies.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

type Shared = State<Arc<Shop>>;

/// The pages and what they load.
pub(crate) fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/buy", post(buy))
        .route("/orders/{number}", get(order))
        .route("/orders/{number}/back", get(back))
        .route("/orders/{number}/news/{seen}", get(news))
        .route("/shop.css", get(async || file("text/css; charset=utf-8", include_str!("shop.css"))))
        .route(
            "/shop.js",
            get(async || file("text/javascript; charset=utf-8", include_str!("shop.js"))),
        )
        .method_not_allowed_fallback(nothing_here)
        .fallback(nothing_here)
        .layer(map_response(with_headers))
        .with_state(shop)
}

/// What went wrong here: the buyer sees that something did, whoever runs the shop sees what.
struct Trouble(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble(error.into())
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        say(&format!("{:#}", self.0));
        let body = html! { p { "Please try again. 请稍后再试。" } };
        page(StatusCode::INTERNAL_SERVER_ERROR, Language::English, &body, None)
    }
}

async fn nothing_here(language: Language) -> Response {
    not_found(language.say("Nothing is here.", "页面不存在。"), language)
}

fn not_found(text: &str, language: Language) -> Response {
    page(StatusCode::NOT_FOUND, language, &html! { p { (text) } }, None)
}

fn not_sold(language: Language) -> Response {
    let text = language.say("Nothing is sold here at the moment.", "暂时没有商品出售。");
    not_found(text, language)
}

async fn front(State(shop): Shared, language: Language) -> Result<Response, Trouble> {
    let Some(product) = shop.orders.product().await? else { return Ok(not_sold(language)) };
    let delivered = language.say("Delivered at once after the payment.", "付款后立即发货。");
    let body = html! {
        h1 { (product.name) }
        p.price { "¥" (Fen::new(product.price).to_string()) }
        form method="post" action="/buy" { button.button { (language.say("Buy", "购买")) } }
        p.quiet { (delivered) }
    };
    Ok(page(StatusCode::OK, language, &body, None))
}

async fn buy(State(shop): Shared, language: Language) -> Result<Response, Trouble> {
    let Some(product) = shop.orders.product().await? else { return Ok(not_sold(language)) };
    let total = Fen::new(product.price);
    let number = shop.orders.place(product).await?;
    say(&format!("order {number} placed, total {total}"));
    Ok(Redirect::to(&format!("/orders/{number}")).into_response())
}

async fn order(
    State(shop): Shared,
    language: Language,
    Path(number): Path<String>,
) -> Result<Response, Trouble> {
    show(&shop, language, &number, false).await
}

/// The page behind `return_url`, whose query is not looked at. A buyer who has just paid is not asked to pay again: the
/// notification may be a moment behind.
async fn back(
    State(shop): Shared,
    language: Language,
    Path(number): Path<String>,
) -> Result<Response, Trouble> {
    show(&shop, language, &number, true).await
}

/// What the buyer sees of an order.
async fn show(
    shop: &Shop,
    language: Language,
    number: &str,
    is_back: bool,
) -> Result<Response, Trouble> {
    let Some(order) = shop.orders.find(number).await? else {
        let text = language.say("There is no such order.", "没有这个订单。");
        return Ok(not_found(text, language));
    };
    let state = order.state();
    if is_back && state != OrderState::ToPay {
        return Ok(Redirect::to(&format!("/orders/{number}")).into_response());
    }
    let words = match state {
        OrderState::ToPay if is_back => checking(language, number),
        OrderState::ToPay => pay(shop, language, number, &order)?,
        OrderState::Delivered => {
            let codes = shop.orders.codes(number).await?;
            html! {
                p { (language.say("Paid. Here are your goods:", "已付款，这是您的商品：")) }
                ul.codes { @for code in codes { li { (code) } } }
            }
        }
        other => html! { p { (explained(language, other)) } },
    };
    let body = html! {
        h1 { (order.subject) }
        p.price { "¥" (Fen::new(order.total_fee).to_string()) }
        (words)
        p.quiet { (language.say("Order", "订单号")) " " (number) }
    };
    let news = format!("/orders/{number}/news/{}", looks(&order));
    Ok(page(StatusCode::OK, language, &body, Some(&news)))
}

fn checking(language: Language, number: &str) -> Markup {
    let thanks = language.say(
        "Thank you, we are checking your payment. This page shows your goods as soon as it is there.",
        "谢谢，正在确认您的付款，到账后本页会自动显示商品。",
    );
    html! {
        p { (thanks) }
        p.quiet {
            a href={ "/orders/" (number) } { (language.say("I have not paid yet", "我还没有付款")) }
        }
    }
}

/// What is said of a state that shows neither a link nor goods.
fn explained(language: Language, state: OrderState) -> &'static str {
    let (english, chinese) = match state {
        OrderState::Expired => ("The time to pay is over.", "付款时间已过。"),
        OrderState::Checking => ("We are checking your payment.", "正在确认您的付款。"),
        OrderState::AwaitingStock => (
            "Paid. You get your goods as soon as they are in stock again.",
            "已付款，补货后自动发货。",
        ),
        OrderState::Paid => ("Paid. Your goods follow.", "已付款，商品稍后送达。"),
        OrderState::Closed => ("Closed: nothing was paid.", "交易已关闭，没有付款。"),
        OrderState::Refunded => ("Refunded: the money went back.", "已退款。"),
        OrderState::ToPay | OrderState::Delivered => ("", ""),
    };
    language.say(english, chinese)
}

fn pay(shop: &Shop, language: Language, number: &str, order: &Order) -> anyhow::Result<Markup> {
    let back = format!("{}/orders/{number}/back", shop.public_url);
    let (subject, total, minutes) = (&order.subject, order.total_fee, order.minutes_left);
    let link = shop.account.pay_link(number, subject, total, &back, minutes)?;
    let until = minutes.map(|minutes| match language {
        Language::English => format!("Please pay within {minutes} min."),
        Language::Chinese => format!("请在 {minutes} 分钟内付款。"),
    });
    Ok(html! {
        p { a.button href=(link) { (language.say("Pay with Alipay", "用支付宝付款")) } }
        @if let Some(until) = until { p.quiet { (until) } }
    })
}

/// All that the page depends on, but for the minutes.
fn looks(order: &Order) -> String {
    format!("{}-{}-{}", order.status, order.goods, u8::from(order.is_held || order.was_paid))
}

/// Waits until an order is not as its page has shown it, so that the page need not ask every second.
async fn news(
    State(shop): Shared,
    Path((number, seen)): Path<(String, String)>,
) -> Result<StatusCode, Trouble> {
    // First listen, then look: nothing falls between.
    let mut news = shop.news.subscribe();
    if shop.orders.find(&number).await?.is_none_or(|order| looks(&order) != seen) {
        return Ok(StatusCode::OK);
    }
    let heard = async {
        loop {
            match news.recv().await {
                Ok(order) if order == number => return,
                Ok(_) => {}
                // Too much news to hear all of it, or none ever again: the page looks for itself.
                Err(RecvError::Lagged(_) | RecvError::Closed) => return,
            }
        }
    };
    let _ = tokio::time::timeout(LONGEST_WAIT, heard).await;
    Ok(StatusCode::OK)
}

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

use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::ACCEPT_LANGUAGE;
use hyper::{Method, Request, StatusCode};
use tokio::sync::broadcast::error::RecvError;

use crate::html::{Page, escape, file, page, redirect};
use crate::language::Language;
use crate::orders::{Order, State};
use crate::{Shop, say};

/// Shorter than the idle limits of usual proxies.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// Answers a request.
pub(crate) async fn answer(shop: &Shop, request: &Request<Incoming>) -> Page {
    let parts: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
    let wanted = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let language = Language::of(wanted.unwrap_or_default());
    let answer = match (request.method(), parts.as_slice()) {
        (&Method::GET, [""]) => front(shop, language).await,
        (&Method::GET, ["shop.css"]) => {
            Ok(file("text/css; charset=utf-8", include_str!("shop.css")))
        }
        (&Method::GET, ["shop.js"]) => {
            Ok(file("text/javascript; charset=utf-8", include_str!("shop.js")))
        }
        (&Method::POST, ["buy"]) => buy(shop, language).await,
        (&Method::GET, ["orders", number]) => order(shop, language, number, false).await,
        (&Method::GET, ["orders", number, "back"]) => order(shop, language, number, true).await,
        (&Method::GET, ["orders", number, "news", seen]) => {
            news(shop, language, number, seen).await
        }
        _ => Ok(note(StatusCode::NOT_FOUND, language, "Nothing is here.", "页面不存在。")),
    };
    answer.unwrap_or_else(|error| {
        say(&format!("{}: {error:#}", request.uri().path()));
        note(StatusCode::INTERNAL_SERVER_ERROR, language, "Please try again.", "请稍后再试。")
    })
}

/// A page with one sentence.
fn note(
    status: StatusCode,
    language: Language,
    english: &'static str,
    chinese: &'static str,
) -> Page {
    page(status, language, &format!("<p>{}</p>", language.say(english, chinese)), None)
}

fn not_sold(language: Language) -> Page {
    note(
        StatusCode::NOT_FOUND,
        language,
        "Nothing is sold here at the moment.",
        "暂时没有商品出售。",
    )
}

async fn front(shop: &Shop, language: Language) -> anyhow::Result<Page> {
    let Some(product) = shop.orders.product().await? else { return Ok(not_sold(language)) };
    let (name, price) = (escape(&product.name), alipay::Fen::new(product.price));
    let body = format!(
        "<h1>{name}</h1><p class=price>¥{price}</p>\
         <form method=post action=/buy><button class=button>{}</button></form>\
         <p class=quiet>{}</p>",
        language.say("Buy", "购买"),
        language.say("Delivered at once after the payment.", "付款后立即发货。"),
    );
    Ok(page(StatusCode::OK, language, &body, None))
}

async fn buy(shop: &Shop, language: Language) -> anyhow::Result<Page> {
    let Some(product) = shop.orders.product().await? else { return Ok(not_sold(language)) };
    let total = alipay::Fen::new(product.price);
    let number = shop.orders.place(product).await?;
    say(&format!("order {number} placed, total {total}"));
    redirect(&format!("/orders/{number}"))
}

/// What the buyer sees of an order. `is_back`: as the page behind `return_url`, whose query is not looked at. A buyer who
/// has just paid is not asked to pay again: the notification may be a moment behind.
async fn order(
    shop: &Shop,
    language: Language,
    number: &str,
    is_back: bool,
) -> anyhow::Result<Page> {
    let Some(order) = shop.orders.find(number).await? else {
        return Ok(note(
            StatusCode::NOT_FOUND,
            language,
            "There is no such order.",
            "没有这个订单。",
        ));
    };
    let state = order.state();
    if is_back && state != State::ToPay {
        return redirect(&format!("/orders/{number}"));
    }
    let words = match state {
        State::ToPay if is_back => format!(
            "<p>{}</p><p class=quiet><a href=\"/orders/{}\">{}</a></p>",
            language.say(
                "Thank you, we are checking your payment. This page shows your goods as soon as it is there.",
                "谢谢，正在确认您的付款，到账后本页会自动显示商品。"
            ),
            escape(number),
            language.say("I have not paid yet", "我还没有付款"),
        ),
        State::ToPay => pay(shop, language, number, &order)?,
        State::Delivered => {
            let codes = shop.orders.codes(number).await?;
            let codes: String = codes.iter().map(|code| format!("<li>{}</li>", escape(code))).collect();
            let here = language.say("Paid. Here are your goods:", "已付款，这是您的商品：");
            format!("<p>{here}</p><ul class=codes>{codes}</ul>")
        }
        other => format!("<p>{}</p>", explained(language, other)),
    };
    let total = alipay::Fen::new(order.total_fee);
    let body = format!(
        "<h1>{}</h1><p class=price>¥{total}</p>{words}<p class=quiet>{} {}</p>",
        escape(&order.subject),
        language.say("Order", "订单号"),
        escape(number),
    );
    let news = format!("/orders/{number}/news/{}", looks(&order));
    Ok(page(StatusCode::OK, language, &body, Some(&news)))
}

/// What is said of a state that shows neither a link nor goods.
fn explained(language: Language, state: State) -> &'static str {
    let (english, chinese) = match state {
        State::Expired => ("The time to pay is over.", "付款时间已过。"),
        State::Checking => ("We are checking your payment.", "正在确认您的付款。"),
        State::AwaitingStock => (
            "Paid. You get your goods as soon as they are in stock again.",
            "已付款，补货后自动发货。",
        ),
        State::Paid => ("Paid. Your goods follow.", "已付款，商品稍后送达。"),
        State::Closed => ("Closed: nothing was paid.", "交易已关闭，没有付款。"),
        State::Refunded => ("Refunded: the money went back.", "已退款。"),
        State::ToPay | State::Delivered => ("", ""),
    };
    language.say(english, chinese)
}

fn pay(shop: &Shop, language: Language, number: &str, order: &Order) -> anyhow::Result<String> {
    let back = format!("{}/orders/{number}/back", shop.public_url);
    let (subject, total, minutes) = (&order.subject, order.total_fee, order.minutes_left);
    let link = shop.account.pay_link(number, subject, total, &back, minutes)?;
    let until = match (minutes, language) {
        (Some(minutes), Language::English) => {
            format!("<p class=quiet>Please pay within {minutes} min.</p>")
        }
        (Some(minutes), Language::Chinese) => {
            format!("<p class=quiet>请在 {minutes} 分钟内付款。</p>")
        }
        (None, _) => String::new(),
    };
    let text = language.say("Pay with Alipay", "用支付宝付款");
    Ok(format!("<p><a class=button href=\"{}\">{text}</a></p>{until}", escape(&link)))
}

/// All that the page depends on, but for the minutes.
fn looks(order: &Order) -> String {
    format!("{}-{}-{}", order.status, order.goods, u8::from(order.is_held || order.was_paid))
}

/// Waits until an order is not as its page has shown it, so that the page need not ask every second.
async fn news(shop: &Shop, language: Language, number: &str, seen: &str) -> anyhow::Result<Page> {
    // First listen, then look: nothing falls between.
    let mut news = shop.news.subscribe();
    if shop.orders.find(number).await?.is_none_or(|order| looks(&order) != seen) {
        return Ok(page(StatusCode::OK, language, "", None));
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
    Ok(page(StatusCode::OK, language, "", None))
}

//! The shop's pages.
//!
//! | request | |
//! |---|---|
//! | `GET /` | what is sold |
//! | `POST /buy` | places an order, then to its page |
//! | `GET /orders/NUMBER` | the order: the pay link, the goods; the buyer comes back here |
//! | `GET /orders/NUMBER/news/SEEN` | answers when the order is not as SEEN any more, or after 25 s |

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::broadcast::error::RecvError;

use crate::orders::Order;
use crate::{Shop, say};

/// Shorter than the idle limits of usual proxies.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

type Page = Response<Full<Bytes>>;

/// Answers a request.
pub(crate) async fn answer(shop: &Shop, request: &Request<Incoming>) -> Page {
    let parts: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
    let page = match (request.method(), parts.as_slice()) {
        (&Method::GET, [""]) => front(shop).await,
        (&Method::POST, ["buy"]) => buy(shop).await,
        (&Method::GET, ["orders", number]) => order(shop, number).await,
        (&Method::GET, ["orders", number, "news", seen]) => news(shop, number, seen).await,
        _ => Ok(html(StatusCode::NOT_FOUND, "<p>Nothing is here. 页面不存在。</p>")),
    };
    page.unwrap_or_else(|error| {
        say(&format!("{}: {error:#}", request.uri().path()));
        html(StatusCode::INTERNAL_SERVER_ERROR, "<p>Please try again. 请稍后再试。</p>")
    })
}

async fn front(shop: &Shop) -> anyhow::Result<Page> {
    let Some(product) = shop.orders.product().await? else {
        return Ok(html(StatusCode::NOT_FOUND, "<p>Nothing is sold here. 没有商品。</p>"));
    };
    let (name, price) = (escape(&product.name), alipay::Fen::new(product.price));
    Ok(html(
        StatusCode::OK,
        &format!(
            "<h1>{name}</h1><p>¥{price}</p>\
             <form method=post action=/buy><button>Buy 购买</button></form>"
        ),
    ))
}

async fn buy(shop: &Shop) -> anyhow::Result<Page> {
    let Some(product) = shop.orders.product().await? else {
        return Ok(html(StatusCode::NOT_FOUND, "<p>Nothing is sold here. 没有商品。</p>"));
    };
    let total = alipay::Fen::new(product.price);
    let number = shop.orders.place(product).await?;
    say(&format!("order {number} placed, total {total}"));
    let mut page = html(StatusCode::SEE_OTHER, "");
    page.headers_mut().insert(LOCATION, HeaderValue::try_from(format!("/orders/{number}"))?);
    Ok(page)
}

/// What the buyer sees, before and after: also the page behind `return_url`, whose query is not
/// looked at.
async fn order(shop: &Shop, number: &str) -> anyhow::Result<Page> {
    let Some(order) = shop.orders.find(number).await? else {
        return Ok(html(StatusCode::NOT_FOUND, "<p>No such order. 没有这个订单。</p>"));
    };
    let subject = escape(&order.subject);
    let total = alipay::Fen::new(order.total_fee);
    let mut body = format!("<h1>{subject}</h1><p>¥{total} · <code>{}</code></p>", escape(number));
    body += &match (order.status, order.goods.as_str()) {
        (8 | 4 | 106, "delivered") => {
            let codes = shop.orders.codes(number).await?;
            let codes: String = codes.iter().map(|code| format!("<li>{}", escape(code))).collect();
            format!("<p>Paid, here are your goods. 已付款，这是您的商品：</p><ul>{codes}</ul>")
        }
        (8 | 4 | 106, "awaiting_stock") => {
            "<p>Paid; the goods follow as soon as they are in stock. 已付款，补货后自动发货。</p>"
                .to_owned()
        }
        (8 | 4 | 106, _) => "<p>Paid; we will be in touch. 已付款，客服会联系您。</p>".to_owned(),
        (105, _) => "<p>Refunded. 已退款。</p>".to_owned(),
        (32, _) => "<p>Closed. 交易已关闭。</p>".to_owned(),
        _ => pay(shop, number, &order)?,
    };
    body += &format!(
        "<script>fetch('/orders/{}/news/{}').then(r => r.ok ? location.reload() : 0)</script>",
        escape(number),
        looks(&order)
    );
    Ok(html(StatusCode::OK, &body))
}

fn pay(shop: &Shop, number: &str, order: &Order) -> anyhow::Result<String> {
    let back = format!("{}/orders/{number}", shop.public_url);
    if order.minutes_left.is_some_and(|minutes| minutes < 1) {
        return Ok("<p>The time to pay is over. 付款时间已过。</p>".to_owned());
    }
    let (subject, total, minutes) = (&order.subject, order.total_fee, order.minutes_left);
    let link = shop.account.pay_link(number, subject, total, &back, minutes)?;
    Ok(format!("<p><a href=\"{}\">Pay with Alipay 去支付宝付款</a></p>", escape(&link)))
}

/// All that the page depends on.
fn looks(order: &Order) -> String {
    format!("{}-{}", order.status, order.goods)
}

/// Waits until an order is not as its page has shown it, so that the page need not ask every second.
async fn news(shop: &Shop, number: &str, seen: &str) -> anyhow::Result<Page> {
    // First listen, then look: nothing falls between.
    let mut news = shop.news.subscribe();
    if shop.orders.find(number).await?.is_none_or(|order| looks(&order) != seen) {
        return Ok(html(StatusCode::OK, ""));
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
    Ok(html(StatusCode::OK, ""))
}

fn html(status: StatusCode, body: &str) -> Page {
    let page = format!("<!doctype html><meta charset=utf-8><title>Shop</title>{body}");
    let mut response = Response::new(Full::new(Bytes::from(page)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // Goods are for the buyer alone.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// Text as HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
    }
}

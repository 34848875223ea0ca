//! What became of the orders: the queue `alipay.events.shop`, filled by the worker's outbox relay
//! where alipay.toml says `[events] enabled = true`.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::uri::{AMQPScheme, AMQPUri};
use serde::Deserialize;
use tokio::sync::broadcast;

use crate::say;

const QUEUE: &str = "alipay.events.shop";
/// The pause before the broker is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// One event. There are more members: happened_at; trade_no, status, total_fee, refunded_fee of an order;
/// available and threshold of a product.
#[derive(Debug, Deserialize)]
struct Event {
    /// Begins with `ORDER:EVENT` or `PRODUCT:EVENT`; the same when the event comes again.
    id: String,
    /// `order.paid`, `order.delivered`, `order.refunded` and so on; `product.low_stock`.
    event: String,
    /// The order's number, in events of orders.
    order: Option<String>,
    /// The product's id, in events of products.
    product: Option<String>,
}

/// Whether the addresses can be used: told at the start, and not every two seconds.
///
/// # Errors
/// One of them is no address, or wants TLS.
pub(crate) fn check(urls: &str) -> anyhow::Result<()> {
    urls.split(',').try_for_each(|url| uri(url.trim()).map(drop))
}

/// Consumes events for ever, over as many connections as it takes; `urls` are the hosts of the
/// broker, separated by commas: the next one is tried when one fails.
pub(crate) async fn listen(urls: String, news: broadcast::Sender<String>) {
    loop {
        for url in urls.split(',').map(str::trim) {
            if let Err(error) = consume(url, &news).await {
                let host = url.rsplit_once('@').map_or(url, |(_, host)| host);
                say(&format!("no events from the broker {host} (AMQP_URL): {error}; trying again"));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The URL for lapin, which makes localhost of an IPv6 address, and plain text of `amqps` where it is
/// built without TLS, as here.
fn uri(url: &str) -> anyhow::Result<AMQPUri> {
    let mut uri: AMQPUri = url
        .parse()
        .map_err(|_| anyhow::anyhow!("AMQP_URL is not amqp://USER:PASSWORD@HOST/VHOST"))?;
    anyhow::ensure!(
        uri.scheme == AMQPScheme::AMQP,
        "AMQP_URL begins with amqps, and this example has no TLS to the broker: run it beside the broker, or give \
         lapin its features rustls and rustls-native-certs in Cargo.toml"
    );
    let host = url.rsplit_once('@').map_or(url, |(_, host)| host);
    if let Some((address, _)) = host.split_once(']')
        && let Some((_, address)) = address.split_once('[')
    {
        uri.authority.host = address.to_owned();
    }
    Ok(uri)
}

/// Consumes until the connection ends.
async fn consume(url: &str, news: &broadcast::Sender<String>) -> anyhow::Result<()> {
    let connection = lapin::Connection::connect_uri(uri(url)?, Default::default()).await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(64, BasicQosOptions::default()).await?;
    let consume = BasicConsumeOptions::default();
    let mut consumer =
        channel.basic_consume(QUEUE.into(), "shop".into(), consume, FieldTable::default()).await?;
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery?;
        match serde_json::from_slice(&delivery.data) {
            Ok(event) => handle(&event, news),
            // Kept in the queue it would come again for ever.
            Err(error) => say(&format!("events: not an event: {error}")),
        }
        delivery.acker.ack(BasicAckOptions::default()).await?;
    }
    anyhow::bail!("the broker ended the consumer")
}

/// What the shop does with an event. It may come more than once: a shop that sends a mail here
/// keeps the ids of the events that it has handled in a table with a unique key.
fn handle(event: &Event, news: &broadcast::Sender<String>) {
    say(&format!("event {}", event.id));
    if let (Some(product), "product.low_stock") = (&event.product, event.event.as_str()) {
        say(&format!("product {product} runs low: ops stock import {product} --file codes.txt"));
    }
    let Some(order) = &event.order else { return };
    if event.event == "order.needs_review" {
        say(&format!("order {order} waits for a person: ops order show {order}"));
    }
    // Nobody is looking at a page of this order just now: no error.
    let _ = news.send(order.clone());
}

#[cfg(test)]
mod tests {
    use super::{check, uri};

    #[test]
    fn addresses_are_checked_at_the_start() {
        assert!(check("amqp://guest:guest@127.0.0.1:5672/%2f").is_ok());
        assert!(check("amqp://a:b@one/x, amqp://a:b@two/x").is_ok());
        for (urls, why) in [
            ("amqps://a:b@one/x", "no TLS to the broker"),
            ("amqp://a:b@one/x,amqps://a:b@two/x", "no TLS to the broker"),
            ("http://one", "AMQP_URL is not amqp://"),
            ("", "AMQP_URL is not amqp://"),
        ] {
            assert!(check(urls).unwrap_err().to_string().contains(why), "{urls}");
        }
    }

    #[test]
    fn an_ipv6_address_is_the_host() {
        assert_eq!(uri("amqp://a:b@[::1]:5672/x").unwrap().authority.host, "::1");
    }
}

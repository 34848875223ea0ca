//! An example of a shop in front of the pipeline.
//!
//! It does the four things that are a shop's own, one file each: it places an order ([`orders`]),
//! sends the buyer to Alipay ([`pay_link`]), hears what became of the order ([`events`]) and shows
//! it ([`pages`]). It never looks at a notification: that is the pipeline's job.

#![allow(rustdoc::bare_urls, reason = "the doc comments of arguments are their help texts")]

mod events;
mod language;
mod orders;
mod page;
mod pages;
mod pay_link;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

/// A small shop: sells one product through Alipay and shows the buyer what the pipeline delivered.
///
/// Example: shop --product CODE --notify-url https://pay.example.com/alipay/shop/notify
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The database of the pipeline: mysql://USER:PASSWORD@HOST:PORT/SCHEMA
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// The broker of the pipeline: amqp://USER:PASSWORD@HOST:PORT/VHOST, or several such, separated by commas
    #[arg(long, env = "AMQP_URL", hide_env_values = true)]
    amqp_url: String,
    /// The merchant's name in alipay.toml
    #[arg(long, default_value = "shop")]
    merchant: String,
    /// What is sold, as `ops product list` names it
    #[arg(long)]
    product: String,
    /// How many minutes a buyer has to pay: then the pipeline closes the order, at Alipay first
    #[arg(long, value_name = "MINUTES", default_value = "30",
          value_parser = clap::value_parser!(u16).range(1..=21_600))]
    pay_within: u16,
    /// Where the shop's pages are served
    #[arg(long, default_value = "127.0.0.1:8088")]
    listen: SocketAddr,
    /// How the buyer's browser reaches the pages [default: http://LISTEN]
    #[arg(long)]
    public_url: Option<String>,
    #[command(flatten)]
    alipay: pay_link::Account,
}

/// What every request needs.
struct Shop {
    orders: orders::Orders,
    account: pay_link::Account,
    public_url: String,
    /// Numbers of orders that something has happened to.
    news: broadcast::Sender<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    events::check(&arguments.amqp_url)?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let address = listener.local_addr()?;
    let (news, _) = broadcast::channel(1024);
    let shop = Arc::new(Shop {
        orders: orders::Orders::open(
            &arguments.database_url,
            arguments.merchant,
            arguments.product,
            arguments.pay_within,
        )?,
        account: arguments.alipay,
        public_url: arguments.public_url.unwrap_or_else(|| format!("http://{address}")),
        news: news.clone(),
    });
    tokio::spawn(events::listen(arguments.amqp_url, news));
    say(&format!("shop ready {}/", shop.public_url));
    // A reverse proxy in front ends TLS, and connections that send nothing.
    axum::serve(listener, pages::router(shop)).await?;
    Ok(())
}

/// A line for whoever runs the shop.
#[expect(clippy::print_stdout, reason = "an example's log is its output")]
fn say(line: &str) {
    println!("{line}");
}

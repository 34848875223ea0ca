//! Has workers ask the gateway about an order, when its notification is lost.

use chrono::Utc;
use queue::{Envelope, Message};

use crate::applied::Sent;
use crate::confirmed::Confirmed;
use crate::context::Context;
use crate::failure::Failure;

/// Publishes a `query_request`, confirmed.
pub(in crate::verb) fn ask_workers(
    context: &Context,
    merchant: &str,
    order: &str,
) -> Result<(), Failure> {
    let message: Message =
        Sent::new(&Envelope::query_request(merchant, order, "ops", Utc::now()))?.message;
    let published = context.block_on(async {
        let publisher = Confirmed::open(context.broker(), "ops").await?;
        let published = publisher.publish(message).await;
        publisher.close().await;
        published
    });
    published.map_err(|failure| {
        Failure::CouldNotAsk(format!(
            "{failure}\nThat was done all the same; only the question to the gateway is not queued. \
             Repeat the command, or `ops query {order} --apply`."
        ))
    })
}

//! Tells workers what Alipay answered, and has them ask the gateway about an order, when its
//! notification is lost.

use chrono::Utc;
use gateway::RefundProof;
use order::QueryReason;
use queue::{Envelope, Message};
use store::refund_request::RefundRequest;

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::await_worker::PreparedMessage;
use crate::operations::publish::publish_once;

/// Publishes a `query_request`, confirmed.
pub(crate) fn ask_workers(access: &Access, merchant: &str, order: &str) -> Result<(), Failure> {
    publish(
        access,
        order,
        &[Envelope::query_request(merchant, order, QueryReason::Ops.as_str(), Utc::now())],
    )
}

/// Publishes the answers that say that the refund was made, where they are at hand, and a query
/// about the trade, confirmed.
pub(crate) fn tell_workers(
    access: &Access,
    request: &RefundRequest,
    proof: Option<&RefundProof>,
) -> Result<(), Failure> {
    let envelopes = worker::refund_messages(request, proof, QueryReason::Ops, Utc::now());
    publish(access, &request.order_id, &envelopes)
}

fn publish(access: &Access, order: &str, envelopes: &[Envelope]) -> Result<(), Failure> {
    let shards = access.layout().shards;
    let messages: Vec<Message> = envelopes
        .iter()
        .map(|envelope| Ok(PreparedMessage::new(envelope, shards)?.message))
        .collect::<Result<_, Failure>>()?;
    let published =
        access.block_on(async { publish_once(&access.broker()?, "ops", messages).await });
    published.map_err(|failure: Failure| {
        Failure::CouldNotAsk(format!(
            "{failure}\nThat was done anyway; only the message to the workers is not queued. \
             Repeat the command, or `ops query {order} --apply`."
        ))
    })
}

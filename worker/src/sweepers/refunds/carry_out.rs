//! One refund: the call, and its answers on the way to the lanes.

use std::sync::Arc;

use chrono::Utc;
use config::Merchant;
use gateway::{Gateway, RefundOutcome, RefundProof};
use metrics::counter;
use order::{QueryReason, RefundRequestState};
use service::trace::{KeyValue, Span, SpanKind};
use service::{metric, trace};
use store::refund_request::ClaimedRefund;

use crate::context::WorkerContext;
use crate::gateway_messages::refund_messages;

/// Calls Alipay about one refund, and publishes its answers when it was made; a trace of its own, which they carry on.
pub(super) async fn carry_out(
    context: &WorkerContext,
    gateway: &Gateway,
    claimed: ClaimedRefund,
    merchant: Arc<Merchant>,
) -> (ClaimedRefund, RefundOutcome) {
    let mut span = Span::begin(SpanKind::Internal, || "refund a trade".into(), None);
    span.describe(|| [KeyValue::new("alipay.merchant", merchant.name.clone())]);
    let refunding = call_and_publish(context, gateway, claimed, merchant);
    let refunded = trace::carry_out(span.context().cloned(), refunding).await;
    if !matches!(refunded.1, RefundOutcome::Made(_)) {
        span.fail(word(&refunded.1));
    }
    refunded
}

async fn call_and_publish(
    context: &WorkerContext,
    gateway: &Gateway,
    claimed: ClaimedRefund,
    merchant: Arc<Merchant>,
) -> (ClaimedRefund, RefundOutcome) {
    let request = &claimed.request;
    let repeated = request.state == RefundRequestState::Unknown;
    let mut outcome = gateway.carry_out_refund(&merchant, &request.refund(), repeated).await;
    service::crash_point!("refunds.after_call");
    if let RefundOutcome::Made(proof) = &outcome
        && let Err(reason) = publish(context, &claimed, proof).await
    {
        // A repeated call gets the same answer.
        outcome = RefundOutcome::Unknown { reason: format!("not_published: {reason}") };
    }
    counter!(metric::LATE_REFUNDS, "outcome" => word(&outcome)).increment(1);
    (claimed, outcome)
}

/// The outcome in one word.
fn word(outcome: &RefundOutcome) -> &'static str {
    match outcome {
        RefundOutcome::Made(_) => "made",
        RefundOutcome::Refused { .. } => "refused",
        RefundOutcome::Unsent { .. } => "unsent",
        RefundOutcome::Unknown { .. } => "unknown",
    }
}

/// Publishes the answers for the lanes, and a query about the trade.
async fn publish(
    context: &WorkerContext,
    claimed: &ClaimedRefund,
    proof: &RefundProof,
) -> Result<(), String> {
    let envelopes = refund_messages(&claimed.request, Some(proof), QueryReason::Refund, Utc::now());
    let shards = context.layout().shards;
    let messages: Result<Vec<_>, _> =
        envelopes.iter().map(|envelope| envelope.message(shards)).collect();
    let messages = messages.map_err(|error| error.to_string())?;
    let published: Result<(), _> =
        context.publisher.publish_all(messages).await.into_iter().collect();
    published.map_err(|error| error.to_string())
}

//! The refund sweeper: refunds late payments where the merchant's configuration says so.
//!
//! ```text
//! lane: late money ──▶ refund_request, in the transaction that records the payment
//!                          │ claim: rows that are due, under a lease, 3 s between calls about one trade
//!                          ▼
//!            alipay.trade.refund with the row's number, outside any transaction;
//!            if its answer does not say so, alipay.trade.fastpay.refund.query
//!                          │ the answers, confirmed
//!                          ▼
//!                  alipay.notify.0 ──▶ a lane, like a notification
//! ```
//!
//! A crash anywhere repeats the call with the same number, which refunds once, and the answers, which
//! change nothing the second time. If Alipay refuses a refund, the review stays open for a person.

mod carry_out;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use config::{Config, Merchant};
use diesel::Connection as _;
use futures_util::StreamExt;
use gateway::{Gateway, RefundOutcome};
use order::RepeatedBy;
use store::refund_request::{self, ClaimedRefund, RefundRequest};
use tracing::{error, info, warn};

use crate::batch::BatchError;
use crate::context::WorkerContext;
use crate::pauses::ActivePauses;
use crate::refund_state::refund_state;
use crate::sweepers::{INTERVAL, Sweeper, Unswept, askable, doubling_pause, lease};
use carry_out::carry_out;

/// Refunds of one merchant that are carried out at one time.
const SHARE: i64 = 8;
/// Calls under way at one time.
const CONCURRENCY: usize = 4;

/// The pauses after which a refund without a known result is repeated.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(3);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Sweeps until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut current = context.current.clone();
    let mut merchants = refundable(&current.borrow_and_update());
    let gateway = Gateway::new(context.config.worker.query_timeout);
    let mut sweeper = Sweeper::new("the refund sweeper", &context);
    while sweeper.wait().await {
        if current.has_changed().unwrap_or(false) {
            merchants = refundable(&current.borrow_and_update());
        }
        // When the worker stops, another worker repeats the calls under way after their lease.
        let swept = sweep(&context, &gateway, &merchants);
        let Some(swept) = context.cancel.run_until_cancelled(swept).await else { return };
        sweeper.ended(swept.map(|()| INTERVAL));
    }
}

/// The merchants for whom a program can refund.
fn refundable(config: &Config) -> Vec<Arc<Merchant>> {
    askable(config).filter(|merchant| merchant.protocol.has_refund_call()).collect()
}

/// Claims, calls, publishes and updates rows.
async fn sweep(
    context: &WorkerContext,
    gateway: &Gateway,
    merchants: &[Arc<Merchant>],
) -> Result<(), Unswept> {
    let Some(pauses) = context.pauses.for_sweep() else { return Ok(()) };
    let names = merchants.iter().map(|merchant| merchant.name.clone());
    let names: Vec<String> = names.filter(|name| !pauses.has_merchant(name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let claimed =
        context.on_database("claiming refunds", move |this| claim(this, &names, &pauses)).await??;
    if claimed.is_empty() {
        return Ok(());
    }
    service::crash_point!("refunds.after_claim");
    let calls = claimed.into_iter().filter_map(|one| {
        let merchant = merchants.iter().find(|merchant| merchant.name == one.request.merchant)?;
        Some((one, Arc::clone(merchant)))
    });
    let ended: Vec<(ClaimedRefund, RefundOutcome)> = futures_util::stream::iter(calls)
        .map(|(one, merchant)| carry_out(context, gateway, one, merchant))
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await;
    service::crash_point!("refunds.after_publish");
    context.on_database("noting refunds", move |this| note(this, &ended)).await??;
    Ok(())
}

/// Takes what is due, at most so many of each merchant.
fn claim(
    context: &WorkerContext,
    merchants: &[String],
    pauses: &ActivePauses,
) -> Result<Vec<ClaimedRefund>, BatchError> {
    let paused = pauses.products();
    let most = usize::try_from(SHARE).unwrap_or(1) * merchants.len().max(1);
    // The refund, and the query for its outcome.
    let lease = lease(context.config.worker.query_timeout, most.div_ceil(CONCURRENCY), 2);
    let mut connection = context.pool.get()?;
    let mut claimed = Vec::new();
    for merchant in merchants {
        let of_merchant = connection.transaction(|connection| {
            refund_request::claim(connection, merchant, &paused, SHARE, lease)
        })?;
        claimed.extend(of_merchant);
    }
    Ok(claimed)
}

/// Writes the results of the calls, and logs them.
fn note(
    context: &WorkerContext,
    ended: &[(ClaimedRefund, RefundOutcome)],
) -> Result<(), BatchError> {
    let mut connection = context.pool.get()?;
    for (claimed, outcome) in ended {
        log(&claimed.request, outcome);
        let number = &claimed.request.request_no;
        let (state, reason) = (refund_state(outcome, RepeatedBy::Worker), outcome.reason());
        if state.has_ended() {
            refund_request::note(&mut connection, number, state, reason, outcome.refunded())?;
        } else {
            let due_at = next(claimed.now, claimed.since);
            let reason = reason.unwrap_or_default();
            refund_request::put_off(&mut connection, number, state, reason, due_at)?;
        }
    }
    Ok(())
}

/// Logs the outcome of a call; one that repeats the outcome before it is not logged again.
fn log(request: &RefundRequest, outcome: &RefundOutcome) {
    let RefundRequest { order_id: order, merchant, request_no, error: before, .. } = request;
    match outcome {
        RefundOutcome::Made(_) => info!(order, merchant, request_no, "late money was refunded"),
        RefundOutcome::Refused { reason } => error!(
            order,
            merchant,
            request_no,
            reason,
            "Alipay refuses to refund a late payment: a person has to decide the order's review"
        ),
        RefundOutcome::Unsent { reason } | RefundOutcome::Unknown { reason } => {
            if code(reason) != before.as_deref().map_or("", code) {
                warn!(
                    order,
                    merchant,
                    request_no,
                    reason,
                    "the result of the refund of a late payment is not known; it is tried again with the same number"
                );
            }
        }
    }
}

/// The code that a reason begins with.
fn code(reason: &str) -> &str {
    reason.split(':').next().unwrap_or_default()
}

/// When a refund is tried again.
fn next(now: DateTime<Utc>, since: DateTime<Utc>) -> DateTime<Utc> {
    now + doubling_pause(now - since, FIRST_PAUSE, LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{code, next};

    #[test]
    fn pauses_double_up_to_an_hour() {
        let since: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut now = since;
        let mut pauses = Vec::new();
        for _ in 0..14 {
            let then = next(now, since);
            pauses.push((then - now).num_seconds());
            now = then;
        }
        assert_eq!(pauses[..5], [3, 3, 6, 12, 24]);
        assert_eq!(pauses[12..], [3600, 3600]);
        assert_eq!(next(since, since + TimeDelta::seconds(9)) - since, TimeDelta::seconds(3));
    }

    #[test]
    fn the_code_is_the_text_before_the_colon() {
        assert_eq!(code("timeout: the gateway did not answer within 2s"), "timeout");
        assert_eq!(code(""), "");
    }
}

//! The query sweeper: queries Alipay's gateway about orders for which no message has come for a long time.
//!
//! ```text
//! orders unpaid or silent for too long, or expired ──▶ gateway_query ◀── lanes: requests, money in doubt
//!                                                       │ claim: rows that are due, under a lease
//!                                                       ▼
//!                                     the gateway, outside any transaction
//!                                                       │ the answer, confirmed
//!                                                       ▼
//!                                       alipay.notify.0 ──▶ a lane, like a notification
//! ```
//!
//! A crash anywhere repeats a query, and an answer that comes twice changes nothing: the lease
//! runs out and another worker asks. Closing can be repeated, too: a second close is refused, and the query then
//! reports the trade as closed.

mod asking;
mod circuit_breaker;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use alipay::QueryAnswer;
use chrono::{DateTime, Utc};
use config::{Config, Merchant};
use diesel::Connection as _;
use futures_util::StreamExt;
use gateway::Gateway;
use metrics::counter;
use order::QueryReason;
use service::metric;
use store::gateway_query::{self, DueQuery, EnrolmentPass, QueryMove, QueryNote};
use tracing::{error, info, warn};

use crate::batch::BatchError;
use crate::context::WorkerContext;
use crate::sweepers::{INTERVAL, Sweeper, Unswept, askable, lease};
use asking::{QueriedOrder, QueryFailure, ask};
use circuit_breaker::{BreakerState, CircuitBreaker};
pub use plan::UNCONFIRMED_AFTER;
use plan::{QueryIntervals, QueryStep};

/// Queries under way at one time.
const CONCURRENCY: usize = 8;

/// Rows claimed at one time, of all merchants together; at least one of each.
const CHUNK: usize = 32;

/// Orders looked at in one transaction, and how many of those before rows are claimed again.
const STEP: i64 = 1000;
const STEPS: usize = 50;

/// An order that is committed this long after it was inserted is still found.
const LONGEST_COMMIT: Duration = Duration::from_secs(3600);

/// Calls of the gateway for one query at most: an order whose time is over is closed first.
const CALLS: u32 = 2;

/// A row that is asked now.
#[derive(Debug, Clone)]
struct Claimed {
    due: DueQuery,
    leased_until: DateTime<Utc>,
}

/// Sweeps until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut current = context.current.clone();
    let mut breakers = breakers_of(&current.borrow_and_update());
    let gateway = Gateway::new(context.config.worker.query_timeout);
    let mut sweeper = Sweeper::new("the query sweeper", &context);
    while sweeper.wait_or_woken(&context.wake_queries).await {
        if current.has_changed().unwrap_or(false) {
            breakers = breakers_of(&current.borrow_and_update());
        }
        // When the worker stops, another worker repeats the queries under way after their lease.
        let swept = sweep(&context, &gateway, &mut breakers);
        let Some(swept) = context.cancel.run_until_cancelled(swept).await else { return };
        sweeper.ended(swept.map(|more| if more { Duration::ZERO } else { INTERVAL }));
    }
}

/// A breaker for each merchant whose gateway can be asked. For the others the log says what is missing.
fn breakers_of(config: &Config) -> Vec<CircuitBreaker> {
    for merchant in config.merchants.values() {
        if let Err(error) = Gateway::can_ask(merchant) {
            info!(
                merchant = merchant.name,
                "the gateway is not asked about this merchant's orders: {error}"
            );
        }
    }
    askable(config).map(CircuitBreaker::new).collect()
}

/// Adds, claims, queries and updates rows. Returns whether the next round should follow at once.
async fn sweep(
    context: &WorkerContext,
    gateway: &Gateway,
    breakers: &mut [CircuitBreaker],
) -> Result<bool, Unswept> {
    let Some(pauses) = context.pauses.for_sweep().filter(|_| !breakers.is_empty()) else {
        return Ok(false);
    };
    let names: Vec<String> = breakers.iter().map(|breaker| breaker.merchant.name.clone()).collect();
    context.on_database("enrolling orders to ask about", move |this| enrol(this, &names)).await??;
    let share = i64::try_from((CHUNK / breakers.len()).max(1)).unwrap_or(1);
    let shares: Vec<(String, i64)> = breakers
        .iter()
        .filter(|breaker| !pauses.has_merchant(&breaker.merchant.name))
        .filter_map(|breaker| Some((breaker.merchant.name.clone(), breaker.share(share)?)))
        .collect();
    let (claimed, more) =
        context.on_database("claiming queries", move |this| claim(this, &shares)).await??;
    if claimed.is_empty() {
        return Ok(more);
    }
    service::crash_point!("queries.after_claim");
    let questions = claimed.into_iter().filter_map(|mut one| {
        let breaker = breakers.iter().find(|breaker| breaker.merchant.name == one.due.merchant)?;
        plan::forget_implausible_limit(&mut one.due, breaker.merchant.longest_time_to_pay());
        Some((one, Arc::clone(&breaker.merchant)))
    });
    let asked: Vec<QueriedOrder> = futures_util::stream::iter(questions)
        .map(|(one, merchant)| ask_one(context, gateway, one, merchant))
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await;
    service::crash_point!("queries.after_publish");
    for breaker in breakers.iter_mut() {
        breaker.observe(&asked);
    }
    let pauses: Vec<(String, Duration)> =
        breakers.iter().map(|breaker| (breaker.merchant.name.clone(), breaker.pause())).collect();
    context.on_database("noting answers", move |this| note(this, &asked, &pauses)).await??;
    Ok(more)
}

async fn ask_one(
    context: &WorkerContext,
    gateway: &Gateway,
    claimed: Claimed,
    merchant: Arc<Merchant>,
) -> QueriedOrder {
    let asked = ask(context, gateway, &merchant, claimed).await;
    counter!(metric::GATEWAY_QUERIES, "outcome" => asked.outcome()).increment(1);
    asked
}

/// Each pass goes on through the orders that are old enough, a step at a time, from its cursor. The second passes do
/// the same an hour behind: see [`LONGEST_COMMIT`].
fn enrol(context: &WorkerContext, merchants: &[String]) -> Result<(), BatchError> {
    let worker = &context.config.worker;
    let merchants: Vec<&str> = merchants.iter().map(String::as_str).collect();
    let mut connection = context.pool.get()?;
    for (name, why, age) in [
        ("expired", QueryReason::Expired, Duration::ZERO),
        ("expired_late", QueryReason::Expired, LONGEST_COMMIT),
        ("unpaid", QueryReason::Unpaid, worker.query_unpaid_after),
        ("unpaid_late", QueryReason::Unpaid, worker.query_unpaid_after + LONGEST_COMMIT),
        ("silent", QueryReason::Silent, worker.query_silent_after),
        ("silent_late", QueryReason::Silent, worker.query_silent_after + LONGEST_COMMIT),
    ] {
        for _ in 0..STEPS {
            let pass = EnrolmentPass { name, why, age };
            let step = connection.transaction(|connection| {
                gateway_query::enrol_next(connection, pass, &merchants, STEP)
            })?;
            if let Some(ahead) = step.ahead {
                warn!(
                    pass = name,
                    seconds = ahead.num_seconds(),
                    "the cursor of the gateway queries was in the future, since the database's clock was ahead: the \
                     orders of the last day are looked at again"
                );
            }
            counter!(metric::GATEWAY_QUERY_ORDERS, "why" => why.as_str())
                .increment(u64::try_from(step.enrolled).unwrap_or(0));
            if !step.more || context.cancel.is_cancelled() {
                break;
            }
        }
    }
    Ok(())
}

/// Takes rows that are due, up to the share of each merchant. Returns those to ask now, under a lease, and whether a
/// merchant may have more that are due; the other rows are moved to a later time or deleted.
fn claim(
    context: &WorkerContext,
    shares: &[(String, i64)],
) -> Result<(Vec<Claimed>, bool), BatchError> {
    let limits = QueryIntervals::of(&context.config.worker);
    let rounds = CHUNK.max(shares.len()).div_ceil(CONCURRENCY);
    let lease = lease(context.config.worker.query_timeout, rounds, CALLS);
    let mut connection = context.pool.get()?;
    connection.transaction(|connection| {
        let mut claimed = Vec::new();
        let mut more = false;
        for (merchant, share) in shares {
            let rows = gateway_query::claim(connection, merchant, *share)?;
            // A full share: there may be more at once. A share of one is a probe of a gateway in trouble, or one
            // of very many merchants: neither is in a hurry.
            more |= *share > 1 && i64::try_from(rows.len()).is_ok_and(|taken| taken >= *share);
            let (mut moves, mut over) = (Vec::new(), Vec::new());
            for due in &rows {
                let order_id = due.order_id.as_str();
                match plan::judge(due, &limits) {
                    QueryStep::Ask => {
                        let leased_until = due.now + lease;
                        moves.push(QueryMove { order_id, due_at: Some(leased_until), asking: 1 });
                        claimed.push(Claimed { due: due.clone(), leased_until });
                    }
                    QueryStep::Later(at) => {
                        moves.push(QueryMove { order_id, due_at: Some(at), asking: 0 });
                    }
                    QueryStep::Over => over.push(order_id),
                }
            }
            gateway_query::move_to(connection, &moves)?;
            gateway_query::delete(connection, &over)?;
        }
        Ok((claimed, more))
    })
}

/// Writes the results of the queries and when each order is queried again.
fn note(
    context: &WorkerContext,
    asked: &[QueriedOrder],
    pauses: &[(String, Duration)],
) -> Result<(), BatchError> {
    let limits = QueryIntervals::of(&context.config.worker);
    let not_closed: Vec<Option<String>> = asked.iter().map(QueriedOrder::not_closed).collect();
    let mut notes: Vec<QueryNote<'_>> = asked
        .iter()
        .zip(&not_closed)
        .map(|(asked, not_closed)| {
            let Claimed { due, leased_until } = &asked.claimed;
            let (why, due_at) = match &asked.result {
                Ok(_) if asked.is_unconfirmed() => {
                    (QueryReason::Confirm, Some(plan::confirm_again(due)))
                }
                Ok(_) if asked.asks_once_more() => {
                    (QueryReason::NotAtAlipay, Some(plan::once_more(due)))
                }
                Ok(_) => (plan::next_why(due), plan::next(due, &limits, asked.still_open())),
                Err(failure) => {
                    let pause = pauses.iter().find(|(merchant, _)| *merchant == due.merchant);
                    let pause = pause.map_or(INTERVAL, |(_, pause)| *pause);
                    (due.why, Some(plan::retry(due, failure.is_transient, pause)))
                }
            };
            QueryNote {
                order_id: &due.order_id,
                why,
                leased_until: Some(*leased_until),
                due_at,
                answer: asked.result.as_ref().ok().map(QueryAnswer::as_str),
                error: asked
                    .result
                    .as_ref()
                    .err()
                    .map(|failure| failure.text.as_str())
                    .or(not_closed.as_deref()),
            }
        })
        .collect();
    notes.sort_by_key(|note| note.order_id);
    let mut connection = context.pool.get()?;
    connection.transaction(|connection| gateway_query::note(connection, &notes))?;
    Ok(())
}

/// Logs a change of a merchant's gateway.
fn report(merchant: &str, was: BreakerState, failure: Option<&QueryFailure>, order: &str) {
    match failure {
        None if was != BreakerState::Answers => info!(merchant, "the gateway answers again"),
        None => {}
        Some(failure) if failure.is_transient => warn!(
            merchant,
            reason = failure.code,
            error = failure.text,
            "the gateway cannot be asked; its orders wait and are asked again"
        ),
        Some(failure) => error!(
            merchant,
            order,
            reason = failure.code,
            error = failure.text,
            "the gateway's answer cannot be used: check the merchant's keys and its account at Alipay; \
             table gateway_query says of which orders"
        ),
    }
}

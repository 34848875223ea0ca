//! The restock sweeper: delivers to waiting orders as soon as there is stock, or the order names the account of its
//! subscription.

use metrics::{counter, gauge};
use service::metric;
use store::fulfillment::{self, PausedGoods};
use store::{StoreError, stock};
use tracing::{info, warn};

use crate::batch::{self, BatchError, Rules, run_halving};
use crate::context::WorkerContext;
use crate::health::DatabaseUser;
use crate::pauses::ActivePauses;
use crate::sweepers::{INTERVAL, Sweeper, Unswept, as_metric};

/// Orders restocked in one transaction.
const CHUNK: i64 = 64;

/// Sweeps until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut sweeper = Sweeper::new("the restock sweeper", &context);
    while sweeper.wait().await {
        let restocked = sweeper.call(sweep).await;
        match &restocked {
            Ok(0) => context.health.database_works(DatabaseUser::Restock),
            Ok(orders) => {
                context.health.database_works(DatabaseUser::Restock);
                info!(orders, "looked again at orders that waited for stock or an account");
            }
            Err(Unswept::Failed(BatchError::Store(error))) => {
                context.health.database_fails(DatabaseUser::Restock, error);
            }
            Err(Unswept::Failed(BatchError::Publish(_))) => {}
            Err(Unswept::Interrupted) => {}
        }
        sweeper.ended(restocked.map(|_| INTERVAL));
    }
}

/// Delivers to waiting orders, oldest payment first. Each batch locks its orders first and reads their state again, so an
/// order that was refunded meanwhile gets nothing.
fn sweep(context: &WorkerContext) -> Result<usize, BatchError> {
    let Some(pauses) = context.pauses.for_sweep() else { return Ok(0) };
    let mut connection = context.pool.get()?;
    let mut restocked = 0;
    let named = fulfillment::accounts_named(&mut connection, &goods_paused(&pauses), CHUNK)?;
    if !named.is_empty() {
        restocked += restock(context, &mut connection, &named)?;
    }
    for product_id in fulfillment::awaited_products(&mut connection)? {
        loop {
            let orders = next_orders(context, &mut connection, &product_id)?;
            if orders.is_empty() || context.cancel.is_cancelled() {
                break;
            }
            restocked += restock(context, &mut connection, &orders)?;
            let still = next_orders(context, &mut connection, &product_id)?;
            if still == orders {
                // Locked by another transaction, or new payments took the stock: next time.
                break;
            }
        }
    }
    let (orders, seconds) = fulfillment::stock_queue(&mut connection)?;
    gauge!(metric::WORKER_AWAITING_STOCK).set(as_metric(orders));
    gauge!(metric::WORKER_OLDEST_AWAITING_STOCK).set(as_metric(seconds));
    Ok(restocked)
}

/// Delivers to orders in one transaction. Where the database refuses one of them (a trigger or check of the
/// shop's), the others get their goods anyway. Returns how many were worked on.
fn restock(
    context: &WorkerContext,
    connection: &mut store::MysqlConnection,
    orders: &[String],
) -> Result<usize, BatchError> {
    let rules = Rules::of(&context.config);
    let mut state = (connection, 0);
    run_halving(
        &mut state,
        0..orders.len(),
        &|(connection, count), part| {
            batch::restock(connection, &orders[part.clone()], rules, || {
                service::crash_point!("restock.after_give");
            })?;
            *count += part.len();
            Ok(())
        },
        &|_, at, failure| {
            let order = &orders[at];
            warn!(order, error = %failure, "the database refuses goods that are due; it is tried again");
            counter!(metric::WORKER_RESTOCK_REFUSED).increment(1);
            Ok::<(), BatchError>(())
        },
    )?;
    Ok(state.1)
}

fn next_orders(
    context: &WorkerContext,
    connection: &mut store::MysqlConnection,
    product_id: &str,
) -> Result<Vec<String>, StoreError> {
    // In each turn: a pause may begin while orders are served.
    let Some(pauses) = context.pauses.for_sweep() else { return Ok(Vec::new()) };
    // More than a chunk could use need not be counted.
    let available = stock::available(connection, product_id, 100_000)?;
    if available == 0 {
        return Ok(Vec::new());
    }
    let overtake_limit = context.config.worker.stock_overtake_limit;
    let paused = goods_paused(&pauses);
    fulfillment::awaiting_stock(connection, product_id, available, overtake_limit, &paused, CHUNK)
}

fn goods_paused(pauses: &ActivePauses) -> PausedGoods<'_> {
    PausedGoods { merchants: pauses.merchants(), products: pauses.products() }
}

//! The restock sweeper: delivers to orders that waited, as soon as there is stock again, or the account that a
//! subscription is for.

use metrics::{counter, gauge};
use store::{StoreError, fulfillment, stock};
use tracing::{info, warn};

use crate::batch::{self, BatchError, Rules};
use crate::health::User;
use crate::processing::Processing;
use crate::retry_copies::as_metric;
use crate::sweeper::{INTERVAL, Sweeper, Unswept};

/// Orders settled in one transaction.
const CHUNK: i64 = 64;

/// Sweeps until the worker stops.
pub(crate) async fn run(processing: Processing) {
    let mut sweeper = Sweeper::new("the restock sweeper", &processing);
    while sweeper.turn().await {
        let settled = sweeper.call(sweep).await;
        match &settled {
            Ok(0) => processing.health.database_works(User::Restock),
            Ok(orders) => {
                processing.health.database_works(User::Restock);
                info!(orders, "looked again at orders that waited for stock or an account");
            }
            Err(Unswept::Failed(BatchError::Store(error))) => {
                processing.health.database_fails(User::Restock, error);
            }
            Err(Unswept::Failed(BatchError::Publish(_))) => {}
            Err(Unswept::Interrupted) => {}
        }
        sweeper.ended(settled.map(|_| INTERVAL));
    }
}

/// Settles waiting orders, oldest payment first. Each batch locks its orders first and looks at
/// their state again, so an order that was refunded meanwhile gets nothing.
fn sweep(processing: &Processing) -> Result<usize, BatchError> {
    let mut connection = processing.pool.get()?;
    let mut settled = 0;
    let named = fulfillment::accounts_named(&mut connection, CHUNK)?;
    if !named.is_empty() {
        settled += settle(processing, &mut connection, &named)?;
    }
    for product_id in fulfillment::awaited_products(&mut connection)? {
        loop {
            let orders = next_orders(processing, &mut connection, &product_id)?;
            if orders.is_empty() || processing.cancel.is_cancelled() {
                break;
            }
            settled += settle(processing, &mut connection, &orders)?;
            let still = next_orders(processing, &mut connection, &product_id)?;
            if still == orders {
                // Locked by somebody else, or picked clean by new payments: next time.
                break;
            }
        }
    }
    let (orders, seconds) = fulfillment::stock_queue(&mut connection)?;
    gauge!("worker_orders_awaiting_stock").set(as_metric(orders));
    gauge!("worker_oldest_order_awaiting_stock_seconds").set(as_metric(seconds));
    Ok(settled)
}

/// Settles orders in one transaction. Where the database refuses one of them (a trigger or check of the
/// shop's), each has a transaction of its own, so that the others get their goods. Returns how many were
/// settled.
fn settle(
    processing: &Processing,
    connection: &mut store::MysqlConnection,
    orders: &[String],
) -> Result<usize, BatchError> {
    let rules = Rules::of(&processing.config);
    let settled = batch::settle(connection, orders, rules, || {
        service::crash_point!("restock.after_give");
    });
    match (settled, orders) {
        (Ok(_), _) => Ok(orders.len()),
        (Err(failure), _) if !failure.may_be_one_messages() => Err(failure),
        (Err(failure), [order]) => {
            warn!(order, error = %failure, "the database refuses goods that are due; it is tried again");
            counter!("worker_restock_refused_total").increment(1);
            Ok(0)
        }
        (Err(_), several) => {
            let mut settled = 0;
            for order in several {
                settled += settle(processing, connection, std::slice::from_ref(order))?;
            }
            Ok(settled)
        }
    }
}

fn next_orders(
    processing: &Processing,
    connection: &mut store::MysqlConnection,
    product_id: &str,
) -> Result<Vec<String>, StoreError> {
    // More than a chunk could use need not be counted.
    let available = stock::available(connection, product_id, 100_000)?;
    if available == 0 {
        return Ok(Vec::new());
    }
    let overtake_limit = processing.config.worker.stock_overtake_limit;
    fulfillment::awaiting_stock(connection, product_id, available, overtake_limit, CHUNK)
}

//! The restock sweeper: delivers to orders that waited, as soon as there is stock again.

use metrics::counter;
use store::{StoreError, fulfillment, stock_item};
use tracing::{info, warn};

use crate::batch::{self, BatchError};
use crate::health::User;
use crate::processing::Processing;
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
                info!(orders, "looked again at orders that waited for stock");
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
    for product_id in fulfillment::awaited_products(&mut connection)? {
        loop {
            let orders = next_orders(&mut connection, &product_id)?;
            if orders.is_empty() || processing.cancel.is_cancelled() {
                break;
            }
            settled += settle(processing, &mut connection, &orders)?;
            let still = next_orders(&mut connection, &product_id)?;
            if still == orders {
                // Locked by somebody else, or picked clean by new payments: next time.
                break;
            }
        }
    }
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
    let events = processing.config.events.enabled;
    let settled = batch::run(connection, &[], orders, events, |_| {
        service::crash_point!("restock.after_give");
        Ok(())
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
    connection: &mut store::MysqlConnection,
    product_id: &str,
) -> Result<Vec<String>, StoreError> {
    // More than a chunk could use need not be counted.
    let available = stock_item::available(connection, product_id, 100_000)?;
    if available == 0 {
        return Ok(Vec::new());
    }
    fulfillment::awaiting_stock(connection, product_id, available, CHUNK)
}

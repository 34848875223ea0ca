//! The stock watch: reports to the shop when a product runs low, once until its stock was above the threshold.
//!
//! It compares the stock with what was reported, instead of counting deliveries: a batch sees only its own codes go,
//! so two batches that each stay above the threshold can be below it together. A crash loses nothing, and batches do
//! no extra work.

use diesel::Connection as _;
use store::stock::notice::{self, Watched};
use store::{StoreError, outbox};
use tracing::info;

use crate::batch::BatchError;
use crate::context::WorkerContext;
use crate::sweepers::{INTERVAL, Sweeper};

/// Watches until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut sweeper = Sweeper::new("the stock watch", &context);
    while sweeper.wait().await {
        let compared = sweeper.call(compare).await;
        sweeper.ended(compared.map(|()| INTERVAL));
    }
}

fn compare(context: &WorkerContext) -> Result<(), BatchError> {
    let mut connection = context.pool.get()?;
    for product in notice::watched(&mut connection)? {
        let low = product.low(&mut connection)?.is_some();
        if low != product.told {
            connection.transaction(|connection| update_notice(connection, &product))?;
        }
    }
    Ok(())
}

/// Looks again under the lock of the notice, which another worker's watch or an import may have held until now. Locking
/// and counting are two statements: a statement sees what was committed when it began, and the first one began before
/// it waited.
fn update_notice(
    connection: &mut store::MysqlConnection,
    product: &Watched,
) -> Result<(), StoreError> {
    let id = &product.product_id;
    if product.told {
        let still_reported = notice::lock(connection, id)?;
        if still_reported && product.low(connection)?.is_none() {
            notice::forget(connection, id)?;
        }
        return Ok(());
    }
    if !notice::note(connection, id)? {
        return Ok(());
    }
    match (product.low(connection)?, product.threshold) {
        (Some(available), Some(threshold)) => {
            info!(product = id, available, threshold, "stock is low");
            outbox::insert_low_stock(connection, id, available, threshold)
        }
        _ => notice::forget(connection, id),
    }
}

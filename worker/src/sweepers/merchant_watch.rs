//! The watch of the merchants that orders name: if a shop writes a name that no configuration has, buyers pay and
//! nothing is delivered.

use std::collections::BTreeSet;
use std::time::Duration;

use config::Config;
use metrics::gauge;
use service::metric;
use store::user_order::{self, MerchantOrders};
use tracing::{error, info};

use crate::context::WorkerContext;
use crate::sweepers::{Sweeper, as_metric};

/// The pause between two looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// Watches until the worker stops.
pub(crate) async fn run(context: WorkerContext) {
    let mut sweeper = Sweeper::new("the watch of the orders' merchants", &context);
    let mut reported = BTreeSet::new();
    while sweeper.wait().await {
        let config = context.current.borrow().clone();
        let known = config.clone();
        let looked = sweeper
            .call(move |context| {
                let mut connection = context.pool.get()?;
                let known: Vec<&str> = known.merchants.keys().map(String::as_str).collect();
                Ok(user_order::unknown_merchants(&mut connection, &known)?)
            })
            .await;
        sweeper.ended(looked.map(|unknown| {
            let orders: i64 = unknown.iter().map(|one| one.orders).sum();
            gauge!(metric::WORKER_UNKNOWN_MERCHANTS).set(as_metric(orders));
            report(&unknown, &mut reported, &config);
            INTERVAL
        }));
    }
}

/// Each name is logged once, until it is gone.
fn report(unknown: &[MerchantOrders], reported: &mut BTreeSet<String>, config: &Config) {
    for one in unknown.iter().filter(|one| !reported.contains(&one.merchant)) {
        error!(
            merchant = one.merchant,
            orders = one.orders,
            did_you_mean = config.nearest_merchant(&one.merchant),
            "orders name a merchant that is not configured: their payments are not delivered; correct the shop and \
             user_order.merchant, or configure it"
        );
    }
    let now: BTreeSet<String> = unknown.iter().map(|one| one.merchant.clone()).collect();
    for gone in reported.difference(&now) {
        info!(merchant = gone, "no order names this merchant any more, or it is configured now");
    }
    *reported = now;
}

//! A merchant's name that the configuration does not have.

use config::Config;
use serde::Serialize;
use store::user_order::MerchantOrders;

/// Orders of a merchant that is not configured, as `ops status` lists them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UnknownMerchant {
    #[serde(flatten)]
    pub(crate) orders: MerchantOrders,
    /// The configured name that was probably meant.
    pub(crate) did_you_mean: Option<String>,
}

impl UnknownMerchant {
    pub(crate) fn new(orders: MerchantOrders, config: &Config) -> UnknownMerchant {
        let did_you_mean = config.nearest_merchant(&orders.merchant).map(str::to_owned);
        UnknownMerchant { orders, did_you_mean }
    }

    /// In a line.
    pub(crate) fn text(&self) -> String {
        let MerchantOrders { merchant, orders, oldest } = &self.orders;
        let meant = self.did_you_mean.as_ref().map(|name| format!("; did you mean {name}?"));
        let (orders, name) = (count(*orders, "unpaid order"), verb(*orders, "names", "name"));
        format!(
            "{orders} {name} merchant {merchant}, which is not configured, the first of {oldest}{}",
            meant.unwrap_or_default()
        )
    }
}

/// Why a merchant is not taken, and which there are.
pub(crate) fn unknown_merchant(config: &Config, name: &str) -> String {
    let known: Vec<&str> = config.merchants.keys().map(String::as_str).collect();
    let meant = config.nearest_merchant(name).map(|near| format!(": did you mean {near}?"));
    let meant = meant.unwrap_or_default();
    match known.as_slice() {
        [] => format!("merchant {name} is not configured: no merchant is"),
        known => {
            format!("merchant {name} is not configured{meant} (configured: {})", known.join(", "))
        }
    }
}
use crate::plural::{count, verb};

//! A buyer who pays at a page of Alipay's, where Alipay still lets them.

use std::time::Duration;

use chrono::Utc;
use simulator::{Status, TradeFileError, TradeStore};

use crate::story::PlannedNotification;
use crate::system::SimulatedMerchant;

/// Pays the order's trade in Alipay's ledger and returns what Alipay says of it; none when it was
/// closed before.
pub(crate) fn pay(
    trade_store: &TradeStore,
    gateway: &SimulatedMerchant,
    order: &str,
) -> anyhow::Result<Option<PlannedNotification>> {
    let said = trade_store.update(|trades| {
        let kept = trades.of(gateway.name, order).first_mut();
        let trade = kept.map(|kept| &mut kept.trade);
        let trade = trade.filter(|trade| trade.status == Status::WaitBuyerPay);
        Ok::<_, TradeFileError>(trade.map(|trade| trade.pay(Utc::now())))
    })?;
    let Some(said) = said.transpose()? else { return Ok(None) };
    let notification = said.sign(&gateway.signer)?;
    Ok(Some(PlannedNotification {
        notification,
        after: Duration::ZERO,
        forged: false,
        duplicate: false,
    }))
}

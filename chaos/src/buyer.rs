//! A buyer who pays at a page of Alipay's, where Alipay still lets them.

use std::time::Duration;

use chrono::Utc;
use simulator::{Book, Status, TradeFileError};

use crate::stage::Gateway;
use crate::story::Letter;

/// Pays the order's trade in Alipay's ledger and returns what Alipay says of it; none when it was
/// closed before.
pub(crate) fn pay(book: &Book, gateway: &Gateway, order: &str) -> anyhow::Result<Option<Letter>> {
    let said = book.update(|trades| {
        let kept = trades.of(gateway.name, order).first_mut();
        let trade = kept.map(|kept| &mut kept.trade);
        let trade = trade.filter(|trade| trade.status == Status::WaitBuyerPay);
        Ok::<_, TradeFileError>(trade.map(|trade| trade.pay(Utc::now())))
    })?;
    let Some(said) = said.transpose()? else { return Ok(None) };
    let notification = said.sign(&gateway.signer)?;
    Ok(Some(Letter { notification, after: Duration::ZERO, forged: false, duplicate: false }))
}

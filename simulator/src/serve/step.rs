//! Steps of a trade: the change in the trade store, then the notification.

use chrono::{DateTime, Utc};

use super::Alipay;
use super::outgoing::PendingNotification;
use crate::{
    Account, AlipayTrade, Fault, KeptTrade, TradeError, TradeFileError, Trades,
    UnsignedNotification,
};

/// Why a step was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    /// No trade has this number.
    #[error("no trade has this number")]
    NotFound,
    /// Alipay would refuse it.
    #[error(transparent)]
    Trade(#[from] TradeError),
    /// The trade store cannot be read or written.
    #[error(transparent)]
    File(#[from] TradeFileError),
}

/// A trade together with its merchant.
#[derive(Debug, Clone)]
pub(super) struct FoundTrade {
    /// The merchant's name in the configuration.
    pub(super) merchant: String,
    pub(super) kept: KeptTrade,
}

impl Alipay {
    /// What time it is.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.settings.clock.now()
    }

    pub(super) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// The trade with a number, of any merchant.
    pub(super) fn find(&self, trade_no: &str) -> Result<FoundTrade, StepError> {
        let found = self.trade_store.read(|trades| {
            let mut all = trades.merchants.iter().flat_map(|(merchant, orders)| {
                orders.values().flatten().map(move |kept| (merchant, kept))
            });
            let (merchant, kept) = all.find(|(_, kept)| kept.trade.trade_no == trade_no)?;
            Some(FoundTrade { merchant: merchant.clone(), kept: kept.clone() })
        });
        found?.ok_or(StepError::NotFound)
    }

    /// Makes a step of a trade, keeps it, and sends the notifications that follow from it.
    pub(super) fn step(
        &self,
        trade_no: &str,
        fault: Option<Fault>,
        step: impl FnOnce(
            &mut AlipayTrade,
            DateTime<Utc>,
        ) -> Result<Vec<UnsignedNotification>, TradeError>,
    ) -> Result<FoundTrade, StepError> {
        let merchant = self.find(trade_no)?.merchant;
        let (kept, notifications) = self.trade_store.update::<_, StepError>(|trades| {
            let kept = kept(trades, &merchant, trade_no).ok_or(StepError::NotFound)?;
            let notifications = step(&mut kept.trade, self.now())?;
            kept.notifications.extend(notifications.iter().cloned());
            Ok((kept.clone(), notifications))
        })?;
        let found = FoundTrade { merchant, kept };
        for notification in notifications {
            self.send(&found, None, notification, fault);
        }
        Ok(found)
    }

    /// Sends a notification to where the pay link wants it, or to `to`.
    pub(super) fn send(
        &self,
        found: &FoundTrade,
        to: Option<&str>,
        notification: UnsignedNotification,
        fault: Option<Fault>,
    ) {
        let link = found.kept.link.as_ref();
        let to = to.or(link.and_then(|link| link.notify_url.as_deref()));
        // A trade whose merchant is not served any more has no notifications.
        if let Some(account) = self.account(&found.merchant) {
            let (merchant, signer) = (account.name.as_str(), &account.signer);
            self.outgoing.send(PendingNotification { merchant, signer, to, notification, fault });
        }
    }
}

/// A merchant's trade in the trade store, to be changed.
pub(super) fn kept<'t>(
    trades: &'t mut Trades,
    merchant: &str,
    trade_no: &str,
) -> Option<&'t mut KeptTrade> {
    let orders = trades.merchants.get_mut(merchant)?;
    orders.values_mut().flatten().find(|kept| kept.trade.trade_no == trade_no)
}

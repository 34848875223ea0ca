//! Steps up to the payment.

use chrono::{DateTime, Utc};

use super::{AlipayTrade, Status, TradeError};
use crate::{NotificationKind, UnsignedNotification};

impl AlipayTrade {
    /// The buyer has opened the trade and not paid: `WAIT_BUYER_PAY`.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is past this.
    pub fn wait(&mut self, at: DateTime<Utc>) -> Result<UnsignedNotification, TradeError> {
        self.require("wait", &[Status::WaitBuyerPay])?;
        Ok(self.notification(NotificationKind::Wait, at))
    }

    /// The buyer has paid, but the seller's account cannot receive yet: `TRADE_PENDING`.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is paid or closed; [`TradeError::TooLate`].
    pub fn pending(&mut self, at: DateTime<Utc>) -> Result<UnsignedNotification, TradeError> {
        self.require("pending", &[Status::WaitBuyerPay])?;
        self.require_in_time(at)?;
        self.status = Status::TradePending;
        Ok(self.notification(NotificationKind::Pending, at))
    }

    /// The buyer has paid: `TRADE_SUCCESS`.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is paid or closed; [`TradeError::TooLate`].
    pub fn pay(&mut self, at: DateTime<Utc>) -> Result<UnsignedNotification, TradeError> {
        self.require_payable(at)?;
        self.status = Status::TradeSuccess;
        self.gmt_payment = Some(at);
        Ok(self.notification(NotificationKind::Pay, at))
    }

    /// The buyer has paid to an account without refunds: `TRADE_FINISHED` at once, with
    /// `gmt_close` equal to `gmt_payment`.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is paid or closed; [`TradeError::TooLate`].
    pub fn pay_finished(&mut self, at: DateTime<Utc>) -> Result<UnsignedNotification, TradeError> {
        self.require_payable(at)?;
        self.status = Status::TradeFinished;
        self.gmt_payment = Some(at);
        self.gmt_close = Some(at);
        Ok(self.notification(NotificationKind::PayFinished, at))
    }

    /// What is pending has been paid in time.
    fn require_payable(&self, at: DateTime<Utc>) -> Result<(), TradeError> {
        self.require("pay", &[Status::WaitBuyerPay, Status::TradePending])?;
        match self.status {
            Status::WaitBuyerPay => self.require_in_time(at),
            _ => Ok(()),
        }
    }
}

//! Steps that end a trade.

use chrono::{DateTime, Utc};

use super::{AlipayTrade, Status, TradeError};
use crate::{NotificationKind, UnsignedNotification};

impl AlipayTrade {
    /// Nobody paid in time: `TRADE_CLOSED`, at the end of the time limit. It is told at `at`, if at
    /// all: see [`AlipayTrade::tells_timeout`].
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is paid or closed.
    pub fn time_out(&mut self, at: DateTime<Utc>) -> Result<UnsignedNotification, TradeError> {
        self.require("time-out", &[Status::WaitBuyerPay])?;
        self.status = Status::TradeClosed;
        self.gmt_close = Some(self.pay_until.unwrap_or(at));
        Ok(self.notification(NotificationKind::Close, at))
    }

    /// Whether it was closed for want of payment.
    pub fn is_timed_out(&self) -> bool {
        self.gmt_payment.is_none() && self.gmt_close.is_some() && self.gmt_close == self.pay_until
    }

    /// The merchant closed it, or nobody paid in time: `TRADE_CLOSED`. The Open Platform says
    /// `refund_fee=0.00` here, which is no refund.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is paid or closed.
    pub fn close(&mut self, at: DateTime<Utc>) -> Result<UnsignedNotification, TradeError> {
        self.require("close", &[Status::WaitBuyerPay])?;
        self.status = Status::TradeClosed;
        self.gmt_close = Some(at);
        Ok(self.notification(NotificationKind::Close, at))
    }

    /// `TRADE_CLOSED` of a paid trade without a word about a refund: what happened to the money
    /// is unknown to the receiver.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is not paid or over.
    pub fn close_after_payment(
        &mut self,
        at: DateTime<Utc>,
    ) -> Result<UnsignedNotification, TradeError> {
        self.require("close --after-payment", &[Status::TradeSuccess])?;
        self.status = Status::TradeClosed;
        self.gmt_close = Some(at);
        Ok(self.notification(NotificationKind::CloseAfterPayment, at))
    }

    /// The refund period is over: `TRADE_FINISHED`, months after the payment.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is not paid or over.
    pub fn finish(&mut self, at: DateTime<Utc>) -> Result<UnsignedNotification, TradeError> {
        self.require("finish", &[Status::TradeSuccess])?;
        self.status = Status::TradeFinished;
        self.gmt_close = Some(at);
        Ok(self.notification(NotificationKind::Finish, at))
    }
}

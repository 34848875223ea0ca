//! Steps that give money back.

use alipay::{Fen, Protocol};
use chrono::{DateTime, Utc};

use super::{AlipayTrade, PastRefund, Status, TradeError, beijing_digits};
use crate::{BatchRefundLine, NotificationKind, UnsignedNotification, mapi};

/// What Alipay sends about one refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundNotifications {
    /// The `trade_status_sync`; the legacy gateway's carries no amount.
    pub sync: UnsignedNotification,
    /// The legacy gateway's `batch_refund_notify`, which carries the amount.
    pub batch: Option<UnsignedNotification>,
}

impl IntoIterator for RefundNotifications {
    type Item = UnsignedNotification;
    type IntoIter = std::iter::Chain<
        std::iter::Once<UnsignedNotification>,
        std::option::IntoIter<UnsignedNotification>,
    >;

    /// The `trade_status_sync`, then the `batch_refund_notify`.
    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.sync).chain(self.batch)
    }
}

impl AlipayTrade {
    /// Gives back a part (`TRADE_SUCCESS` again) or what is left (`TRADE_CLOSED`).
    ///
    /// `request_no` is the merchant's number for this refund: `out_biz_no` on the Open Platform,
    /// `batch_no` at the legacy gateway. Without one, Alipay's habits: the order number for a
    /// refund in full on the Open Platform (seen in captures), else a fresh number.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is not paid or over; [`TradeError::RefundAmount`]
    /// for an amount that is not above zero or more than what is left.
    pub fn refund(
        &mut self,
        amount: Fen,
        request_no: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<RefundNotifications, TradeError> {
        self.require("refund", &[Status::TradeSuccess])?;
        let left = self.refundable();
        if amount <= Fen::new(0) || amount > left {
            let out_trade_no = self.out_trade_no.clone();
            return Err(TradeError::RefundAmount { out_trade_no, asked: amount, left });
        }
        let request_no = match request_no {
            Some(number) => number.to_owned(),
            None => self.new_request_no(amount, at),
        };
        self.refunds.push(PastRefund { request_no: request_no.clone(), amount, gmt_refund: at });
        if amount == left {
            self.status = Status::TradeClosed;
            self.gmt_close = Some(at);
        }
        let sync = self.notification(NotificationKind::Refund, at);
        let item = BatchRefundLine::success(&self.trade_no, amount);
        let batch = (self.merchant.protocol == Protocol::Mapi)
            .then(|| self.batch_refund_notify(&request_no, &[item], at));
        Ok(RefundNotifications { sync, batch })
    }

    /// A refund was asked for and came to nothing: `REFUND_CLOSED`, the trade goes on.
    ///
    /// # Errors
    /// [`TradeError::NotNow`] for a trade that is not paid or over.
    pub fn refund_closed(&mut self, at: DateTime<Utc>) -> Result<UnsignedNotification, TradeError> {
        self.require("refund --closed", &[Status::TradeSuccess])?;
        Ok(self.notification(NotificationKind::RefundClosed, at))
    }

    /// The legacy gateway's answer to a batch of refunds. It changes no trade: it is here to tell
    /// of items that failed, or of several trades in one batch; [`AlipayTrade::refund`] makes the usual
    /// one itself.
    pub fn batch_refund_notify(
        &mut self,
        batch_no: &str,
        items: &[BatchRefundLine],
        at: DateTime<Utc>,
    ) -> UnsignedNotification {
        let notify_id = self.next_notify_id(at);
        let parameters = mapi::batch_refund_notify(batch_no, items, &notify_id, at);
        self.wrap(NotificationKind::BatchRefund, notify_id, at, parameters)
    }

    /// A number for a refund that came without one. A batch number is the day and a serial of
    /// digits, unique per merchant: the trade number's last digits and a count.
    fn new_request_no(&self, amount: Fen, at: DateTime<Utc>) -> String {
        let count = self.refunds.len() + 1;
        match self.merchant.protocol {
            Protocol::Mapi => {
                let serial = self.trade_no.get(13..).unwrap_or_default();
                format!("{}{serial}{count:03}", beijing_digits(at, 8))
            }
            Protocol::Openapi if amount == self.total => self.out_trade_no.clone(),
            Protocol::Openapi => format!("{}-R{count}", self.out_trade_no),
        }
    }
}

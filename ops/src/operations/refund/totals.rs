//! What is stored about a request and its trade.

use alipay::Fen;
use order::RejectedPayment;
use serde::Serialize;
use store::refund_request::{self, RefundRequest, RefundRequestFilter};
use store::{BeijingTime, MysqlConnection, trade, user_order};

use super::refundable::refunded_so_far;
use crate::failure::Failure;

/// What is known beside the request itself.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RefundTotals {
    /// When the outcome was recorded: Alipay confirmed or refused the refund.
    ended_at: Option<BeijingTime>,
    /// Fen: what of the trade went back in all, as far as is known here.
    pub(crate) refunded_in_all: i64,
    /// Fen: the order's total; of a rejected payment its own.
    pub(crate) order_total: i64,
}

impl RefundTotals {
    pub(crate) fn read(
        connection: &mut MysqlConnection,
        request: &RefundRequest,
        rejected: Option<&RejectedPayment>,
    ) -> Result<RefundTotals, Failure> {
        let order = request.order_id.as_str();
        let filter = RefundRequestFilter { order: Some(order), ..RefundRequestFilter::default() };
        let lines = refund_request::list(connection, &filter, i64::MAX)?;
        let ended = lines.iter().find(|line| line.request_no == request.request_no);
        let requests = refund_request::of_order(connection, order)?;
        let trades = trade::of_orders(connection, &[order])?.into_iter();
        let trade = trades.map(|(_, trade)| trade).find(|it| it.trade_no == request.trade_no);
        let trade = trade.or_else(|| rejected.map(|payment| payment.trade.clone()));
        let counted = trade.map_or(Fen::default(), |trade| trade.refunded_fee);
        let row = user_order::find(connection, order)?;
        Ok(RefundTotals {
            ended_at: ended.and_then(|line| line.ended_at),
            refunded_in_all: refunded_so_far(&request.trade_no, counted, &requests).get(),
            order_total: match rejected {
                Some(payment) => payment.total.get(),
                None => row.map_or(0, |row| row.total_fee),
            },
        })
    }

    /// When it ended, in words.
    pub(crate) fn at(&self) -> String {
        self.ended_at.map_or_else(String::new, |at| format!(" at {at}"))
    }
}

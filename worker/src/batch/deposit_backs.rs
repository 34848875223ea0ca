//! What banks did with refunds, in one batch.

use alipay::{BatchRefundItem, BatchRefundNotify, DepositBack, DepositBackStatus, format_beijing};
use order::{RejectionReason, Review, ReviewReason};
use store::{MysqlConnection, StoreError, trade};

use super::distinct;
use crate::message::{Content, InboundMessage, Rejection};

/// The orders that know the trades which such messages name, as (trade number, order).
#[derive(Default)]
pub(super) struct DepositBacks(Vec<(String, String)>);

impl DepositBacks {
    /// Looks the trades up; no statement for a batch without such a message.
    pub(super) fn load(
        connection: &mut MysqlConnection,
        batch: &[InboundMessage],
    ) -> Result<DepositBacks, StoreError> {
        let trades = distinct(batch.iter().filter_map(|message| match &message.content {
            Ok(Content::DepositBack(deposit_back)) => deposit_back.trade_no.as_deref(),
            _ => None,
        }));
        Ok(DepositBacks(trade::orders_of(connection, &trades)?))
    }

    /// The review that a message calls for: none where the money has arrived or is under way. The refund and its trade
    /// may not be known yet, since the message can come first.
    ///
    /// # Errors
    /// The trade is that of another order, and not of the one that the message names.
    pub(super) fn review(&self, deposit_back: &DepositBack) -> Result<Option<Review>, Rejection> {
        let trade_no = deposit_back.trade_no.as_deref().unwrap_or_default();
        let knows = |(trade, _): &&(String, String)| trade == trade_no;
        let orders: Vec<&str> =
            self.0.iter().filter(knows).map(|(_, order)| order.as_str()).collect();
        if let Some(other) = orders.first()
            && !orders.contains(&deposit_back.out_trade_no.as_str())
        {
            let evidence = format!(
                "the message is about order {} and names trade {trade_no}, which is that of order {other}",
                deposit_back.out_trade_no
            );
            return Err(Rejection::new(RejectionReason::TradeOfAnotherOrder, evidence));
        }
        let failed = deposit_back.status == DepositBackStatus::Failed;
        Ok(failed.then(|| Review {
            reason: ReviewReason::RefundSentBack,
            evidence: evidence(deposit_back),
        }))
    }
}

/// The review of a refund that was made by a batch of the legacy gateway, and that the bank sent back.
pub(super) fn review_of_item(batch: &BatchRefundNotify, item: &BatchRefundItem) -> Review {
    let BatchRefundItem { trade_no, amount, .. } = item;
    let evidence = format!("batch {}, trade {trade_no}, {amount} yuan", batch.batch_no);
    Review { reason: ReviewReason::RefundSentBack, evidence }
}

/// At most 64 bytes of a number, an amount and a time: it fits the column.
fn evidence(deposit_back: &DepositBack) -> String {
    let mut parts = vec![match (&deposit_back.request_no, &deposit_back.trade_no) {
        (Some(request_no), _) => format!("request {request_no}"),
        (None, Some(trade_no)) => format!("trade {trade_no}"),
        (None, None) => "request unknown".to_owned(),
    }];
    parts.extend(deposit_back.amount.map(|amount| format!("{amount} yuan")));
    parts.extend(deposit_back.bank_time.map(|at| format!("bank time {}", format_beijing(at))));
    parts.join(", ")
}

//! One order with all its rows, as it is in the database.

use std::collections::BTreeMap;

use alipay::Fen;
use chrono::{DateTime, Utc};
use order::{
    CodeState, FulfillmentState, ImplausibleLimit, OrderRecord, OrderState, OrderTerms,
    PaymentState, Refund, Trade, time_limit,
};
use store::review::AuditedCase;
use store::stock::AuditedCode;
use store::user_order::AuditedOrder;

/// An order under audit.
pub(crate) struct Subject {
    pub(crate) row: AuditedOrder,
    /// Trades as they are stored. Refunds are not counted again here.
    pub(crate) stored: OrderRecord,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) codes: Vec<AuditedCode>,
    /// Open and decided ones.
    pub(crate) cases: Vec<AuditedCase>,
}

impl Subject {
    pub(crate) fn new(row: AuditedOrder) -> Subject {
        let terms = OrderTerms {
            id: row.id.clone(),
            merchant: row.merchant.clone(),
            total_fee: Fen::new(row.total_fee),
            created_at: row.created_at,
            expires_at: row.expires_at,
        };
        let stored = OrderRecord {
            terms,
            kind: row.kind,
            trades: BTreeMap::new(),
            refunds: BTreeMap::new(),
            fulfillment: row.state,
            goods_imported: row.is_imported.unwrap_or(false),
            expired_at: row.expired_at,
        };
        Subject { row, stored, refunds: Vec::new(), codes: Vec::new(), cases: Vec::new() }
    }

    pub(crate) fn add_trade(&mut self, trade: Trade) {
        self.stored.trades.insert(trade.trade_no.clone(), trade);
    }

    /// The record with every refund counted: what the trades should say.
    pub(crate) fn recount(&self) -> OrderRecord {
        let mut record = self.stored.clone();
        for refund in &self.refunds {
            record.apply_refund(refund.clone());
        }
        record
    }

    /// Codes that the buyer has.
    pub(crate) fn codes_with_buyer(&self) -> usize {
        self.codes.iter().filter(|code| code.state == CodeState::Delivered).count()
    }

    /// Another system delivered the goods, and Alipay has sent nothing about the order since its import: the
    /// payment is not known here.
    pub(crate) fn is_only_imported(&self) -> bool {
        self.stored.goods_imported && self.stored.trades.is_empty()
    }

    pub(crate) fn has_open_case(&self) -> bool {
        self.cases.iter().any(|case| case.open)
    }

    /// Placed and nothing more, of an order with a time: that time.
    pub(crate) fn unpaid_since(&self) -> Option<DateTime<Utc>> {
        let row = &self.row;
        let payment = PaymentState::of_codes(row.status, row.trade_status, row.is_finish);
        row.expires_at.filter(|_| payment == Some(PaymentState::Unpaid))
    }

    /// Why the order's time limit does not count, whatever its merchant's configuration says.
    pub(crate) fn implausible_limit(&self) -> Option<ImplausibleLimit> {
        time_limit(self.stored.terms.created_at, self.stored.terms.expires_at, None).err()
    }

    /// Paid, and waiting for stock, for a person to deliver, for an account, or for the gateway's confirmation.
    pub(crate) fn awaits_goods(&self, state: &OrderState) -> bool {
        let awaiting = self.stored.fulfillment.is_some_and(FulfillmentState::is_waiting);
        (awaiting && state.deserves_goods()) || state.facts.awaits_confirmation()
    }
}

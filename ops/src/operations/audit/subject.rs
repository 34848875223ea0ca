//! One order with all its rows, as it is in the database.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use order::{
    CodeState, ImplausibleLimit, OrderRecord, OrderState, PaymentState, Refund, Trade, Undelivered,
    time_limit,
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
        let stored = OrderRecord {
            terms: row.terms(),
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

    pub(crate) fn has_open_case(&self) -> bool {
        self.cases.iter().any(|case| case.open)
    }

    /// When the time ended of an order that is still unpaid at `now`.
    pub(crate) fn unpaid_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let row = &self.row;
        PaymentState::of_codes(row.status, row.trade_status, row.is_finish)?
            .unpaid_since(row.expires_at, now)
    }

    /// Why the order's time limit does not count. The merchant's `longest_time_to_pay` is left out: an audit reads the
    /// database alone, so that it finds the same on every machine, also in a copy without the configuration. So it is
    /// the worker who is named for an order that only this setting keeps open.
    pub(crate) fn implausible_limit(&self) -> Option<ImplausibleLimit> {
        time_limit(self.stored.terms.created_at, self.stored.terms.expires_at, None).err()
    }

    /// Why the buyer has paid and has no goods; `None` where that is not so.
    pub(crate) fn undelivered(&self, state: &OrderState) -> Option<Undelivered> {
        Undelivered::of(state.payment(), state.facts, self.stored.fulfillment)
    }

    /// Paid, and waiting for stock, for a person to deliver, for an account, or for the gateway's confirmation.
    pub(crate) fn awaits_goods(&self, state: &OrderState) -> bool {
        self.undelivered(state).is_some_and(Undelivered::awaits_goods)
            || state.facts.awaits_confirmation()
    }
}

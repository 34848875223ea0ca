//! What a reconciliation found.

use std::collections::BTreeMap;

use serde::Serialize;
use store::BeijingTime;

use crate::operations::gateway_answer::Compared;

/// What was found; its JSON is what `ops reconcile` prints.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ReconcileReport {
    pub(crate) dry_run: bool,
    /// Orders in the span.
    pub(crate) orders: i64,
    pub(crate) asked: usize,
    pub(crate) same: usize,
    /// Of these the gateway knows no trade, and neither do we.
    pub(crate) not_begun: usize,
    pub(crate) published: usize,
    /// Orders that differ.
    pub(crate) differ: Vec<DifferingOrder>,
    /// Orders about which the gateway gave no verified answer.
    pub(crate) unanswered: Vec<Unanswered>,
    /// Merchants that cannot be asked, with the reason.
    pub(crate) merchants_left_out: BTreeMap<String, String>,
    /// Their orders.
    pub(crate) orders_left_out: usize,
    /// Why it ended before the last order.
    pub(crate) ended_early: Option<String>,
    /// When the last order that was asked about was placed.
    pub(crate) came_to: Option<BeijingTime>,
}

/// An order that differs.
#[derive(Debug, Serialize)]
pub(crate) struct DifferingOrder {
    pub(crate) order: String,
    pub(crate) merchant: String,
    #[serde(flatten)]
    pub(crate) compared: Compared,
    pub(crate) published: bool,
}

/// An order without an answer.
#[derive(Debug, Serialize)]
pub(crate) struct Unanswered {
    pub(crate) order: String,
    pub(crate) merchant: String,
    pub(crate) reason: String,
    pub(crate) error: String,
}

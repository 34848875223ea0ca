//! What a reconciliation found.

use std::collections::BTreeMap;

use serde::Serialize;
use store::BeijingTime;

use crate::failure::Failure;
use crate::operations::gateway_answer::{AnswerComparison, Compared};
use crate::plural::{count, verb};

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

impl ReconcileReport {
    /// An error unless the gateway answered about every order, and nothing differs or all that is new was published.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.asked == 0 && self.orders_left_out > 0 {
            return Err(Failure::Usage("no merchant of the time span can be queried".to_owned()));
        }
        if let Some(why) = &self.ended_early {
            return Err(Failure::CouldNotAsk(format!("ended early: {why}")));
        }
        let unanswered = self.unanswered.len() + self.orders_left_out;
        let busy = |one: &&DifferingOrder| one.compared.comparison == AnswerComparison::Busy;
        let not_compared = self.differ.iter().filter(|one| !one.published).filter(busy).count();
        if unanswered + not_compared > 0 {
            return Err(Failure::CouldNotAsk(format!(
                "{} could not be queried or compared: run it again",
                count(unanswered + not_compared, "order")
            )));
        }
        match self.differ.iter().filter(|one| !one.published).count() {
            0 => Ok(()),
            open => Err(Failure::Refused(format!(
                "{} {}",
                count(open, "order"),
                verb(open, "differs", "differ")
            ))),
        }
    }
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

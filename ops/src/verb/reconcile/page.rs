//! What a reconciliation found.

use std::collections::BTreeMap;

use serde::Serialize;
use store::BeijingTime;

use crate::failure::Failure;
use crate::gateway_answer::{Compared, Comparison};
use crate::output::{or_empty, plain, table};
use crate::plural::{count, verb};
use crate::verb::query::verdict;

/// The result, as it is printed.
#[derive(Debug, Default, Serialize)]
pub(super) struct Page {
    pub(super) dry_run: bool,
    /// Orders in the span.
    pub(super) orders: i64,
    pub(super) asked: usize,
    pub(super) same: usize,
    /// Of these the gateway knows no trade, and neither do we.
    pub(super) not_begun: usize,
    pub(super) published: usize,
    /// Orders that differ.
    pub(super) differ: Vec<Difference>,
    /// Orders about which the gateway gave no answer that can be believed.
    pub(super) unanswered: Vec<Unanswered>,
    /// Merchants that cannot be asked, with the reason.
    pub(super) merchants_left_out: BTreeMap<String, String>,
    /// Their orders.
    pub(super) orders_left_out: usize,
    /// Why it ended before the last order.
    pub(super) ended_early: Option<String>,
    /// When the last order that was asked about was placed.
    pub(super) came_to: Option<BeijingTime>,
}

/// An order that differs.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    pub(super) order: String,
    pub(super) merchant: String,
    #[serde(flatten)]
    pub(super) compared: Compared,
    pub(super) published: bool,
}

/// An order without an answer.
#[derive(Debug, Serialize)]
pub(super) struct Unanswered {
    pub(super) order: String,
    pub(super) merchant: String,
    pub(super) reason: String,
    pub(super) error: String,
}

impl Page {
    /// For a person.
    pub(super) fn text(&self) -> String {
        let mut parts = Vec::new();
        if !self.differ.is_empty() {
            parts.push(table(
                ["order", "gateway", "here", "published", "what"],
                self.differ.iter().map(|one| {
                    [
                        one.order.clone(),
                        or_empty(one.compared.gateway.trade_status.as_ref()),
                        one.compared.held.trade_status.to_owned(),
                        if one.published { "yes" } else { "no" }.to_owned(),
                        verdict(&one.compared),
                    ]
                }),
            ));
        }
        if !self.unanswered.is_empty() {
            parts.push(table(
                ["no answer about", "reason", "error"],
                self.unanswered
                    .iter()
                    .map(|one| [one.order.clone(), one.reason.clone(), one.error.clone()]),
            ));
        }
        for (merchant, reason) in &self.merchants_left_out {
            parts.push(plain(&format!("merchant {merchant} was left out: {reason}")));
        }
        let Page { orders, asked, same, not_begun, published, .. } = self;
        let mut summary = format!(
            "asked about {asked} of {}: {same} the same (the buyer of {not_begun} has not \
             begun to pay), {} differ, {} published, {} without an answer",
            count(*orders, "order"),
            self.differ.len(),
            count(*published, "answer"),
            self.unanswered.len()
        );
        if self.dry_run {
            summary.push_str("; a dry run publishes nothing");
        }
        if let Some(why) = &self.ended_early {
            let to = or_empty(self.came_to.as_ref());
            summary
                .push_str(&format!("\nended early: {why}; it came to the orders placed at {to}"));
        }
        parts.push(summary);
        parts.join("\n\n")
    }

    /// How the program ends.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        if self.asked == 0 && self.orders_left_out > 0 {
            return Err(Failure::Usage("no merchant of the span can be asked".to_owned()));
        }
        if let Some(why) = &self.ended_early {
            return Err(Failure::CouldNotAsk(format!("ended early: {why}")));
        }
        let unanswered = self.unanswered.len() + self.orders_left_out;
        let busy = |one: &&Difference| one.compared.comparison == Comparison::Busy;
        let not_compared = self.differ.iter().filter(|one| !one.published).filter(busy).count();
        if unanswered + not_compared > 0 {
            return Err(Failure::CouldNotAsk(format!(
                "{} could not be asked about or compared: run it again",
                count(unanswered + not_compared, "order")
            )));
        }
        match self.differ.iter().filter(|one| !one.published).count() {
            0 => Ok(()),
            open => Err(Failure::No(format!(
                "{} {}",
                count(open, "order"),
                verb(open, "differs", "differ")
            ))),
        }
    }
}

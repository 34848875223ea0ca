//! What a reconciliation found.

use std::collections::BTreeMap;

use serde::Serialize;
use store::BeijingTime;

use crate::cli::output::{or_empty, plain, table};
use crate::cli::verb::query::verdict;
use crate::failure::Failure;
use crate::operations::gateway_answer::{Compared, Comparison};
use crate::plural::{count, verb};

/// The result, as it is printed.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Page {
    pub(crate) dry_run: bool,
    /// Orders in the span.
    pub(crate) orders: i64,
    pub(crate) asked: usize,
    pub(crate) same: usize,
    /// Of these the gateway knows no trade, and neither do we.
    pub(crate) not_begun: usize,
    pub(crate) published: usize,
    /// Orders that differ.
    pub(crate) differ: Vec<Difference>,
    /// Orders about which the gateway gave no answer that can be believed.
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
pub(crate) struct Difference {
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

impl Page {
    /// For a person.
    pub(crate) fn text(&self) -> String {
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
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
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
            open => Err(Failure::Refused(format!(
                "{} {}",
                count(open, "order"),
                verb(open, "differs", "differ")
            ))),
        }
    }
}

//! What a message did, or would do.

use serde::Serialize;
use worker::message::Rejection;

use crate::operations::order::change::{OrderChanged, changes_in, steps};
use crate::operations::order::fact_list::FactList;

/// What happened to a message, or what would happen.
#[derive(Debug, Serialize)]
pub(crate) struct Effect<O> {
    pub(crate) outcome: O,
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) facts_added: FactList,
    pub(crate) changes: Vec<OrderChanged>,
}

impl<O> Effect<O> {
    /// Nothing is known but how it ended.
    pub(crate) fn new(outcome: O) -> Effect<O> {
        let (facts_added, changes) = (FactList::default(), Vec::new());
        Effect { outcome, reason: None, error: None, facts_added, changes }
    }

    /// It was applied, and the worker wrote down what that added and changed.
    pub(crate) fn applied(outcome: O, facts_added: &str, changes: Option<&str>) -> Effect<O> {
        let facts_added = FactList::from_column(facts_added);
        let changes = changes_in(changes.unwrap_or_default());
        Effect { facts_added, changes, ..Effect::new(outcome) }
    }

    /// It was rejected.
    pub(crate) fn rejected(outcome: O, rejection: &Rejection) -> Effect<O> {
        let (reason, error) = (rejection.reason.to_owned(), rejection.error.clone());
        Effect { reason: Some(reason), error: Some(error), ..Effect::new(outcome) }
    }

    /// The changes in words, a line for each order.
    pub(crate) fn changes_in_words(&self) -> impl Iterator<Item = String> {
        self.changes.iter().filter_map(|changed| {
            let steps = steps(&changed.change);
            (!steps.is_empty()).then(|| format!("order {}: {}", changed.order, steps.join(", ")))
        })
    }
}

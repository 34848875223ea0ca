//! Amends the terms of an order that the shop wrote wrongly, so that its dead letters agree with it.
//!
//! The terms and their row in `amendment` are written in one transaction under the order's lock. The replay follows: after a
//! crash in between, the same command again finds the terms as they should be, and goes on with the replay.

mod facts;
pub(crate) mod replay;
pub(crate) mod terms;

use alipay::Fen;
use chrono::{DateTime, Utc};
use config::Config;
use diesel::Connection as _;
use gateway::Gateway;
use order::{AmendmentState, QueryReason};
use serde::Serialize;
use serde_json::{Value, json};
use store::MysqlConnection;
use store::amendment::{self, AmendableTerms, AmendmentRow, NewAmendment};
use store::dead_letter::LetterSearch;
use store::gateway_query::{self, NewQuery};

use self::facts::AmendmentFacts;
use self::terms::{TermChange, Terms, changes};
use super::missing_order;
use crate::failure::Failure;
use crate::operations::dead_letter::dry_run::dry_run;
use crate::operations::dead_letter::selection::{SelectedLetters, Selection};
use crate::operations::dry_run::DryRunResult;
use crate::operations::rolled_back;

/// What stands for all letters of the order.
pub(crate) const ALL: &str = "all";

/// What is to be changed; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct WantedTerms {
    pub(crate) total: Option<Fen>,
    pub(crate) product: Option<String>,
    pub(crate) merchant: Option<String>,
    /// `Some(None)`: no limit.
    pub(crate) time_limit: Option<Option<DateTime<Utc>>>,
}

/// An amendment before it is written.
#[derive(Debug, Serialize)]
pub(crate) struct AmendmentPlan {
    pub(crate) order: String,
    /// What differs; nothing where the order has these terms already.
    pub(crate) changes: Vec<TermChange>,
    /// Why a second person has to confirm it.
    pub(crate) second_person: Option<String>,
    /// Letters that are replayed then.
    pub(crate) letters: usize,
    /// What would become of them.
    pub(crate) dry_run: Vec<DryRunResult>,
    #[serde(skip)]
    before: AmendableTerms,
    #[serde(skip)]
    after: AmendableTerms,
    #[serde(skip)]
    replay: Option<String>,
}

/// What an amendment has led to.
#[derive(Debug, Serialize)]
pub(crate) struct Amended {
    pub(crate) order: String,
    /// Its number; none where nothing differed.
    pub(crate) amendment: Option<i64>,
    pub(crate) state: AmendmentState,
    pub(crate) changes: Vec<TermChange>,
}

/// The letters of an order that a replay is about.
pub(crate) fn letters_of(order: &str, replay: &str) -> SelectedLetters {
    let ids = Some(replay.to_owned()).filter(|id| id != ALL).into_iter().collect();
    let search = LetterSearch { ids, order: Some(order.to_owned()), ..LetterSearch::default() };
    SelectedLetters { search, even_if_poison: false }
}

/// Checks an amendment, and runs the worker's own code for the letters as if it was made. Nothing is changed.
///
/// # Errors
/// There is no such order, product, merchant or letter; a term is fixed.
pub(crate) fn plan(
    connection: &mut MysqlConnection,
    config: &Config,
    order: &str,
    wanted: &WantedTerms,
    replay: Option<&str>,
) -> Result<AmendmentPlan, Failure> {
    let selection = match replay {
        Some(replay) => letters_of(order, replay).read(connection)?,
        None => Selection::default(),
    };
    if let Some(id) = selection.missing.first() {
        return Err(Failure::NotFound(format!("order {order} has no dead letter {id}")));
    }
    rolled_back(connection, |connection| {
        let before = lock(connection, order)?;
        let after = wanted.on(&before);
        let facts = AmendmentFacts::read(connection, config, order, &before, &after)?;
        apply(connection, config, order, &before, &after)?;
        let tried = dry_run(connection, config, &selection.letters, |_| Ok(()))?;
        Ok(AmendmentPlan {
            order: order.to_owned(),
            changes: changes(&before, &after),
            second_person: facts.second_person(config.orders.amend_alone_up_to),
            letters: selection.copies(),
            dry_run: tried.results,
            before,
            after,
            replay: replay.map(str::to_owned),
        })
    })
}

impl AmendmentPlan {
    /// Writes it: the terms of the order, or, where a second person has to confirm it, the proposal alone.
    ///
    /// # Errors
    /// The order has changed since; nothing is written.
    pub(crate) fn write(
        &self,
        connection: &mut MysqlConnection,
        config: &Config,
        by: &str,
        reason: &str,
    ) -> Result<Amended, Failure> {
        let order = &self.order;
        if self.changes.is_empty() {
            return Ok(self.ended(None, AmendmentState::Applied));
        }
        let (before, after) = (Terms::json(&self.before)?, Terms::json(&self.after)?);
        let (id, state) = connection.transaction(|connection| {
            if lock(connection, order)? != self.before {
                return Err(changed_meanwhile(order));
            }
            // With what holds now, under the lock.
            let facts = AmendmentFacts::read(connection, config, order, &self.before, &self.after)?;
            let state = match facts.second_person(config.orders.amend_alone_up_to) {
                Some(_) => AmendmentState::Proposed,
                None => AmendmentState::Applied,
            };
            if state == AmendmentState::Applied {
                apply(connection, config, order, &self.before, &self.after)?;
            }
            let new = NewAmendment {
                order_id: order,
                state,
                before: &before,
                after: &after,
                reason,
                by,
                replay: self.replay.as_deref(),
            };
            Ok((amendment::insert(connection, &new)?, state))
        })?;
        Ok(self.ended(Some(id), state))
    }

    fn ended(&self, amendment: Option<i64>, state: AmendmentState) -> Amended {
        let (order, changes) = (self.order.clone(), self.changes.clone());
        Amended { order, amendment, state, changes }
    }

    /// The terms before and after, for the record.
    pub(crate) fn terms(&self) -> (Terms, Terms) {
        (Terms::of(&self.before), Terms::of(&self.after))
    }
}

/// What the record of an act says of an amendment: the terms, or that they are proposed.
pub(crate) fn recorded_terms(after: &Terms, amended: &Amended) -> Value {
    match amended.state {
        AmendmentState::Applied => json!(after),
        AmendmentState::Proposed | AmendmentState::Withdrawn => {
            json!({ "amendment": amended.amendment, "proposed": after })
        }
    }
}

/// A proposal, as a second person sees it before confirming.
///
/// # Errors
/// There is none with this number, or nothing is left to do about it.
pub(crate) fn proposal(connection: &mut MysqlConnection, id: i64) -> Result<AmendmentRow, Failure> {
    let row = amendment::find(connection, id)?.ok_or_else(|| missing(id))?;
    check_undone(&row)?;
    Ok(row)
}

fn missing(id: i64) -> Failure {
    Failure::NotFound(format!("there is no amendment {id}"))
}

/// An error unless it waits for a second person, or one has confirmed it and its letters may not have been replayed.
fn check_undone(row: &AmendmentRow) -> Result<(), Failure> {
    let replays = row.decided_by.is_some() && row.replay.is_some();
    match row.state {
        AmendmentState::Applied if replays => Ok(()),
        _ => check_open(row),
    }
}

/// Applies a proposal as its second person. Returns what is to be replayed: also of one that a second person has confirmed before,
/// since the program may have ended between the two.
///
/// # Errors
/// The person proposed it; it was withdrawn, or confirmed and has nothing to replay; the order has changed since; a term is fixed
/// now.
pub(crate) fn confirm(
    connection: &mut MysqlConnection,
    config: &Config,
    id: i64,
    by: &str,
) -> Result<AmendmentRow, Failure> {
    let order = proposal(connection, id)?.order_id;
    connection.transaction(|connection| {
        let now = lock(connection, &order)?;
        let row = amendment::lock(connection, id)?.ok_or_else(|| missing(id))?;
        check_undone(&row)?;
        if row.state == AmendmentState::Applied {
            return Ok(row);
        }
        if row.proposed_by == by {
            return Err(Failure::Refused(format!(
                "amendment {id} was proposed by {by}: another person has to confirm it"
            )));
        }
        let (before, after) = (Terms::read(&row.before)?, Terms::read(&row.after)?);
        if now != before {
            return Err(changed_meanwhile(&order));
        }
        AmendmentFacts::read(connection, config, &order, &before, &after)?;
        apply(connection, config, &order, &before, &after)?;
        amendment::decide(connection, id, AmendmentState::Applied, by)?;
        Ok(row)
    })
}

/// Takes a proposal back, or refuses it: whoever does.
///
/// # Errors
/// There is none with this number, or it was decided.
pub(crate) fn withdraw(
    connection: &mut MysqlConnection,
    id: i64,
    by: &str,
) -> Result<AmendmentRow, Failure> {
    connection.transaction(|connection| {
        let row = open(connection, id)?;
        amendment::decide(connection, id, AmendmentState::Withdrawn, by)?;
        Ok(row)
    })
}

fn open(connection: &mut MysqlConnection, id: i64) -> Result<AmendmentRow, Failure> {
    let row = amendment::lock(connection, id)?.ok_or_else(|| missing(id))?;
    check_open(&row)?;
    Ok(row)
}

fn check_open(row: &AmendmentRow) -> Result<(), Failure> {
    match row.state {
        AmendmentState::Proposed => Ok(()),
        state => Err(Failure::Refused(format!("amendment {} is {state} already", row.id))),
    }
}

fn lock(connection: &mut MysqlConnection, order: &str) -> Result<AmendableTerms, Failure> {
    amendment::lock_terms(connection, order)?.ok_or_else(|| missing_order(order))
}

/// Writes the terms. The gateway of another merchant is asked now: the passes that enrol orders by their age may have passed this one.
fn apply(
    connection: &mut MysqlConnection,
    config: &Config,
    order: &str,
    before: &AmendableTerms,
    after: &AmendableTerms,
) -> Result<(), Failure> {
    amendment::write_terms(connection, order, before, after)?;
    let merchant = config.merchants.get(&after.merchant);
    if before.merchant != after.merchant && merchant.is_some_and(|it| Gateway::can_ask(it).is_ok())
    {
        let query = NewQuery {
            order_id: order,
            merchant: &after.merchant,
            why: QueryReason::Unpaid,
            forward: 1,
            requested_at: None,
        };
        gateway_query::enrol(connection, &[query])?;
    }
    Ok(())
}

fn changed_meanwhile(order: &str) -> Failure {
    Failure::Refused(format!("order {order} has changed meanwhile: nothing was amended"))
}

impl WantedTerms {
    fn on(&self, before: &AmendableTerms) -> AmendableTerms {
        AmendableTerms {
            total_fee: self.total.unwrap_or(before.total_fee),
            product_id: self.product.clone().unwrap_or_else(|| before.product_id.clone()),
            merchant: self.merchant.clone().unwrap_or_else(|| before.merchant.clone()),
            expires_at: self.time_limit.unwrap_or(before.expires_at),
        }
    }
}

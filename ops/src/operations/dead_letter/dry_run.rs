//! What a replay of selected letters would do. It reads rows, so it is always about all of them.

use std::collections::BTreeMap;

use config::Config;
use store::MysqlConnection;
use store::dead_letter::{self, LetterKey};

use super::message::LetterMessage;
use crate::failure::Failure;
use crate::operations::dry_run::{DryRunResult, dry_run_letters};

/// Letters whose bodies are in memory at one time, but for an order that has more.
const BODIES: usize = 500;

/// The results, and how many letters have no body to try.
pub(crate) struct DryRun {
    pub(crate) results: Vec<DryRunResult>,
    /// Ids whose bodies are too long to be kept, or were written by an older program.
    pub(crate) without_body: Vec<String>,
}

/// Runs the worker's own code for these letters and rolls it back. Letters of one order are tried together, so that each sees
/// what those before it would do. `tried` is told how many letters are done; it ends the run by an error.
pub(crate) fn dry_run(
    connection: &mut MysqlConnection,
    config: &Config,
    letters: &[LetterKey],
    mut tried: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<DryRun, Failure> {
    let mut run = DryRun { results: Vec::with_capacity(letters.len()), without_body: Vec::new() };
    let mut ids = Vec::new();
    let mut together = together(letters).into_iter().peekable();
    while let Some(of_order) = together.next() {
        ids.extend(of_order);
        if ids.len() >= BODIES || together.peek().is_none() {
            run.some(connection, config, &ids)?;
            tried(run.results.len() + run.without_body.len())?;
            ids.clear();
        }
    }
    Ok(run)
}

/// The ids, those of one order together; what names no order is alone.
fn together(letters: &[LetterKey]) -> Vec<Vec<&str>> {
    let (mut alone, mut by_order) = (Vec::new(), BTreeMap::<&str, Vec<&str>>::new());
    for letter in letters {
        match &letter.order_id {
            Some(order) => by_order.entry(order).or_default().push(&letter.message_id),
            None => alone.push(vec![letter.message_id.as_str()]),
        }
    }
    alone.extend(by_order.into_values());
    alone
}

impl DryRun {
    fn some(
        &mut self,
        connection: &mut MysqlConnection,
        config: &Config,
        ids: &[&str],
    ) -> Result<(), Failure> {
        let mut messages = Vec::with_capacity(ids.len());
        for stored in dead_letter::with_bodies(connection, ids)? {
            match (stored.body.is_some(), stored) {
                (false, stored) => self.without_body.push(stored.row.message_id),
                (true, stored) => messages.extend(LetterMessage::stored(stored)),
            }
        }
        self.results.extend(dry_run_letters(connection, config, messages)?);
        Ok(())
    }
}

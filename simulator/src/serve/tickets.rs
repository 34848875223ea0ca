//! Things that are given out and asked for again soon: in memory, the oldest forgotten first.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};
use rand::RngExt;

/// So many are remembered.
const MAX_TICKETS: usize = 1000;

/// Values by a name that nobody can guess.
#[derive(Debug)]
pub(super) struct Tickets<T>(Mutex<VecDeque<Ticket<T>>>);

#[derive(Debug)]
struct Ticket<T> {
    name: String,
    given: DateTime<Utc>,
    value: T,
}

impl<T> Default for Tickets<T> {
    fn default() -> Tickets<T> {
        Tickets(Mutex::default())
    }
}

impl<T: Clone> Tickets<T> {
    /// Remembers a value; returns its name, 32 hex digits.
    pub(super) fn give(&self, value: T, at: DateTime<Utc>) -> String {
        let name = format!("{:032x}", rand::rng().random::<u128>());
        self.keep(name.clone(), value, at);
        name
    }

    /// Remembers a value under a name of its own.
    pub(super) fn keep(&self, name: String, value: T, at: DateTime<Utc>) {
        let mut tickets = self.lock();
        if tickets.len() == MAX_TICKETS {
            tickets.pop_front();
        }
        tickets.push_back(Ticket { name, given: at, value });
    }

    /// The value of a name, and when it was given out.
    pub(super) fn find(&self, name: &str) -> Option<(DateTime<Utc>, T)> {
        let tickets = self.lock();
        let ticket = tickets.iter().rfind(|ticket| ticket.name == name)?;
        Some((ticket.given, ticket.value.clone()))
    }

    /// The value of a name, for the last time.
    pub(super) fn take(&self, name: &str) -> Option<T> {
        let mut tickets = self.lock();
        let place = tickets.iter().position(|ticket| ticket.name == name)?;
        tickets.remove(place).map(|ticket| ticket.value)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Ticket<T>>> {
        self.0.lock()
    }
}

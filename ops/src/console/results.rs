//! The results of acts. Each has an address of its own for a while, so that reloading it does not repeat the act.

use std::collections::VecDeque;

use axum::extract::{Path, State};
use axum::response::Redirect;
use parking_lot::Mutex;
use rand::RngExt as _;
use service::language::say;

use super::Shared;
use super::address::address;
use super::page::{Menu, Page};
use crate::failure::Failure;

/// Results that are kept.
const KEPT: usize = 256;

/// The latest results, by ticket.
#[derive(Debug, Default)]
pub(super) struct ActionResults(Mutex<VecDeque<(String, Page)>>);

impl ActionResults {
    /// Keeps a page, and leads to it.
    pub(super) fn keep(&self, menu: Menu, page: Page) -> Redirect {
        redirect(&self.begin(menu, page))
    }

    /// Keeps a page about an act that goes on, and returns its ticket.
    pub(super) fn begin(&self, menu: Menu, page: Page) -> String {
        let ticket = format!("{:016x}", rand::rng().random::<u64>());
        let mut kept = self.0.lock();
        kept.push_back((ticket.clone(), Page { menu: Some(menu), ..page }));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        ticket
    }

    /// Replaces the page by one that says more.
    pub(super) fn replace(&self, ticket: &str, page: Page) {
        let mut kept = self.0.lock();
        if let Some((_, old)) = kept.iter_mut().find(|(known, _)| known == ticket) {
            *old = Page { menu: old.menu, ..page };
        }
    }
}

/// To the page with this ticket.
pub(super) fn redirect(ticket: &str) -> Redirect {
    Redirect::to(&address("/results/", ticket))
}

/// `/results/TICKET`
pub(super) async fn show(
    State(console): Shared,
    Path(ticket): Path<String>,
) -> Result<Page, Failure> {
    let kept = console.results.0.lock();
    let found = kept.iter().find(|(known, _)| *known == ticket);
    found.map(|(_, page)| page.clone()).ok_or_else(|| {
        let text = say("结果已经不在了", "there is no such result any more");
        Failure::NotFound(text.to_owned())
    })
}

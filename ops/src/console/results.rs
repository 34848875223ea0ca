//! What an act came to, kept so that the browser can be led to a page that may be loaded again.

use service::html::Html;
use service::language::say;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use hyper::StatusCode;
use rand::RngExt as _;

use super::answer::Answer;
use super::layout::Page;
use crate::failure::Failure;

/// Results that are kept.
const KEPT: usize = 256;

/// The latest results, by ticket.
#[derive(Debug, Default)]
pub(super) struct Results(Mutex<VecDeque<(String, Kept)>>);

#[derive(Debug, Clone)]
struct Kept {
    status: StatusCode,
    menu: &'static str,
    title: String,
    body: Html,
}

impl Results {
    /// Keeps a page, and leads to it.
    pub(super) fn keep(&self, page: Page) -> Answer {
        let ticket = format!("{:016x}", rand::rng().random::<u64>());
        let Page { status, menu, title, body, refresh: _ } = page;
        let address = format!("/results/{ticket}");
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((ticket, Kept { status, menu, title, body }));
        if kept.len() > KEPT {
            kept.pop_front();
        }
        Answer::see(address)
    }

    /// `/results/TICKET`
    pub(super) fn show(&self, ticket: &str) -> Result<Page, Failure> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(known, _)| known == ticket);
        let Some((_, Kept { status, menu, title, body })) = found.cloned() else {
            let text = say("结果已经不在了", "there is no such result any more");
            return Err(Failure::NotFound(text.to_owned()));
        };
        Ok(Page { status, ..Page::new(menu, title, body) })
    }
}

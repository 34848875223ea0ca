//! Table `dead_letter`: a row for every dead letter, beside the queue `alipay.dead`, which stays the truth.
//!
//! A worker writes the row in the transaction that rejects the message, before the letter is published: while the letter
//! is on its way, its row is locked. `copies` counts the letters with this id in the queue. A death adds one and an act of an
//! operator takes one away, in any order, so a letter that dies again before its replay has been written down is counted
//! right. What other programs do with the queue is found by a comparison ([`sync`]).

pub mod history;
mod report;
mod row;
mod search;
pub mod sync;
mod write;

pub use report::{
    Death, LetterCount, LetterGroup, LetterKey, count, deaths, discarded, groups, keys, list,
    of_order, waiting_by_reason, with_bodies,
};
pub use row::{LONGEST_BODY, LetterRow, NewDeadLetter, StoredLetter, UnrecordedLetter};
pub use search::{LetterSearch, ReasonFilter, SHORTEST_ID};
pub use write::{moved, restored, write};

//! Rows of `dead_letter`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::DeadLetterState;
use serde::Serialize;

use crate::BeijingTime;
use crate::schema::dead_letter;

/// The longest body that is kept, bytes: a row must fit `max_allowed_packet` of any database. Of a longer one there is the
/// queue's copy alone.
pub const LONGEST_BODY: usize = 1024 * 1024;

/// A letter that is about to be published, or that was found in the queue.
#[derive(Debug, Clone)]
pub struct NewDeadLetter {
    /// Its message id, at most 64 bytes.
    pub message_id: String,
    /// What the message is, where it is an envelope.
    pub kind: Option<String>,
    /// The merchant that it names; what is longer than 64 bytes is cut.
    pub merchant: Option<String>,
    /// The order that it names, at most 64 bytes.
    pub order_id: Option<String>,
    /// The trade that it names, at most 64 bytes.
    pub trade_no: Option<String>,
    /// Why it was rejected; what is longer than 64 bytes is cut.
    pub reason: Option<String>,
    /// The evidence; a long one is cut.
    pub error: Option<String>,
    /// The error without what differs from letter to letter.
    pub fingerprint: String,
    /// 16 hex digits of a hash of reason and fingerprint.
    pub cause: String,
    /// Retry tiers that it has passed.
    pub attempts: i32,
    /// When the message was received first.
    pub first_seen: DateTime<Utc>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// The version of the program that rejected it; what is longer than 64 bytes is cut.
    pub worker_version: Option<String>,
    /// When it was rejected.
    pub died_at: Option<DateTime<Utc>>,
    /// Whether a row in `notification` says that it was rejected.
    pub is_recorded: bool,
    /// As it is in the queue.
    pub body: Vec<u8>,
}

/// A dead letter as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = dead_letter)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct LetterRow {
    pub message_id: String,
    pub kind: Option<String>,
    pub merchant: Option<String>,
    pub order_id: Option<String>,
    pub trade_no: Option<String>,
    pub reason: Option<String>,
    pub error: Option<String>,
    pub attempts: i32,
    pub first_seen: DateTime<Utc>,
    pub traceparent: Option<String>,
    pub worker_version: Option<String>,
    pub first_died_at: Option<DateTime<Utc>>,
    pub died_at: Option<DateTime<Utc>>,
    pub deaths: i32,
    pub copies: i32,
    pub state: DeadLetterState,
}

/// A dead letter with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLetter {
    /// Its row.
    pub row: LetterRow,
    /// As it is in the queue; none where it is longer than [`LONGEST_BODY`], or where an older program wrote the row.
    pub body: Option<Vec<u8>>,
}

/// A dead letter without a row in `notification` that a worker has put into the queue, as the story of its order shows it.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct UnrecordedLetter {
    /// Its message id.
    pub message_id: String,
    /// The merchant that the message names.
    pub merchant: String,
    /// Why it was rejected.
    pub reason: String,
    /// The evidence.
    pub error: String,
    /// When.
    pub died_at: BeijingTime,
}

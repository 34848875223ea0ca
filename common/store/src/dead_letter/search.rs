//! Which dead letters are meant.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::mysql::Mysql;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_query;
use diesel::sql_types::Text;
use order::DeadLetterState;

use crate::column::{EnumText, Moment};

/// The shortest beginning of a message id that is taken for it: 48 bits of a hash.
pub const SHORTEST_ID: usize = 12;

/// Conditions, all of which must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterSearch {
    /// Where they are.
    pub state: DeadLetterState,
    /// One of these ids, or what begins with one of them ([`SHORTEST_ID`]); any where it is empty.
    pub ids: BTreeSet<String>,
    /// Why it was rejected.
    pub reason: Option<ReasonFilter>,
    /// The error without what differs from letter to letter.
    pub fingerprint: Option<String>,
    /// The order (out_trade_no).
    pub order: Option<String>,
    /// The trade.
    pub trade_no: Option<String>,
    /// The merchant.
    pub merchant: Option<String>,
    /// It died at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// It died at this time or earlier, or has no time.
    pub until: Option<DateTime<Utc>>,
    /// A part of its error, its reason, or a number that it names.
    pub text: Option<String>,
}

/// A reason of letters, which is a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReasonFilter {
    /// This one.
    Is(String),
    /// There is none: no worker put the letter there.
    Missing,
}

/// A query of letters, to which conditions are added.
pub(super) type LetterQuery<'a> = BoxedSqlQuery<'a, Mysql, SqlQuery>;

/// What begins with a text: keys compare by byte, so it is a range of the key. The byte 0xFF is in no UTF-8 text.
const BEGINS: &str = "message_id >= ? AND message_id < CONCAT(?, x'FF')";

impl Default for LetterSearch {
    /// All letters in the queue.
    fn default() -> LetterSearch {
        LetterSearch {
            state: DeadLetterState::Waiting,
            ids: BTreeSet::new(),
            reason: None,
            fingerprint: None,
            order: None,
            trade_no: None,
            merchant: None,
            since: None,
            until: None,
            text: None,
        }
    }
}

impl LetterSearch {
    /// Whether it leaves out no letter in the queue.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == LetterSearch::default()
    }

    /// A query of the letters that are meant; what follows `WHERE` is added.
    pub(super) fn query<'a>(&'a self, select: &str) -> LetterQuery<'a> {
        let mut query = sql_query(select).into_boxed().sql(" WHERE state = ?");
        query = query.bind::<EnumText<DeadLetterState>, _>(self.state);
        let equal = [
            (" AND fingerprint = ?", &self.fingerprint),
            (" AND order_id = ?", &self.order),
            (" AND trade_no = ?", &self.trade_no),
            (" AND merchant = ?", &self.merchant),
        ];
        for (condition, wanted) in equal {
            if let Some(wanted) = wanted {
                query = query.sql(condition).bind::<Text, _>(wanted);
            }
        }
        match &self.reason {
            Some(ReasonFilter::Is(reason)) => {
                query = query.sql(" AND reason = ?").bind::<Text, _>(reason);
            }
            Some(ReasonFilter::Missing) => query = query.sql(" AND reason IS NULL"),
            None => {}
        }
        if let Some(since) = self.since {
            query = query.sql(" AND died_at >= ?").bind::<Moment, _>(since);
        }
        if let Some(until) = self.until {
            let condition = " AND (died_at <= ? OR died_at IS NULL)";
            query = query.sql(condition).bind::<Moment, _>(until);
        }
        if let Some(text) = &self.text {
            let condition = " AND (LOCATE(?, error) > 0 OR LOCATE(?, reason) > 0 OR LOCATE(?, order_id) > 0 \
                             OR LOCATE(?, trade_no) > 0 OR LOCATE(?, message_id) = 1)";
            query = query.sql(condition);
            query = (0..5).fold(query, |query, _| query.bind::<Text, _>(text));
        }
        self.with_ids(query)
    }

    fn with_ids<'a>(&'a self, mut query: LetterQuery<'a>) -> LetterQuery<'a> {
        for (place, id) in self.ids.iter().enumerate() {
            query = query.sql(if place == 0 { " AND (" } else { " OR " });
            query = match id.len() < SHORTEST_ID {
                true => query.sql("message_id = ?").bind::<Text, _>(id),
                false => query.sql(BEGINS).bind::<Text, _>(id).bind::<Text, _>(id),
            };
        }
        if self.ids.is_empty() { query } else { query.sql(")") }
    }
}

//! The terms of an order as an amendment keeps them, and what differs between two of them.

use alipay::Fen;
use chrono::{DateTime, SecondsFormat, Utc};
use order::OrderTerm;
use serde::{Deserialize, Serialize};
use store::BeijingTime;
use store::amendment::{AmendableTerms, AmendmentRow};

use crate::failure::Failure;

/// The JSON of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// Fen.
    total: i64,
    product: String,
    merchant: String,
    /// RFC 3339.
    time_limit: Option<String>,
}

impl Terms {
    /// Those of an order.
    pub(crate) fn of(terms: &AmendableTerms) -> Terms {
        let written = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        Terms {
            total: terms.total_fee.get(),
            product: terms.product_id.clone(),
            merchant: terms.merchant.clone(),
            time_limit: terms.expires_at.map(written),
        }
    }

    /// As a column has them.
    pub(super) fn json(terms: &AmendableTerms) -> Result<String, Failure> {
        serde_json::to_string(&Terms::of(terms))
            .map_err(|error| Failure::Refused(format!("the terms cannot be written: {error}")))
    }

    /// Reads a column.
    pub(super) fn read(json: &str) -> Result<AmendableTerms, Failure> {
        let unreadable = |error: String| {
            Failure::Refused(format!("the amendment is of another version: {error}"))
        };
        let terms: Terms =
            serde_json::from_str(json).map_err(|error| unreadable(error.to_string()))?;
        let time = |text: String| DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc());
        Ok(AmendableTerms {
            total_fee: Fen::new(terms.total),
            product_id: terms.product,
            merchant: terms.merchant,
            expires_at: terms
                .time_limit
                .map(time)
                .transpose()
                .map_err(|error| unreadable(error.to_string()))?,
        })
    }
}

/// A term that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct TermChange {
    pub(crate) term: OrderTerm,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl TermChange {
    /// In a line: `total: 10.00 → 9.00`.
    pub(crate) fn text(&self) -> String {
        format!("{}: {} → {}", self.term, self.before, self.after)
    }
}

/// What differs between the terms before and after, as a person reads it.
pub(crate) fn changes(before: &AmendableTerms, after: &AmendableTerms) -> Vec<TermChange> {
    let limit = |at: Option<DateTime<Utc>>| {
        at.map_or_else(|| "none".to_owned(), |at| BeijingTime(at).to_string())
    };
    let terms = [
        (OrderTerm::Total, before.total_fee.to_string(), after.total_fee.to_string()),
        (OrderTerm::Product, before.product_id.clone(), after.product_id.clone()),
        (OrderTerm::Merchant, before.merchant.clone(), after.merchant.clone()),
        (OrderTerm::TimeLimit, limit(before.expires_at), limit(after.expires_at)),
    ];
    let differ = terms.into_iter().filter(|(_, before, after)| before != after);
    differ.map(|(term, before, after)| TermChange { term, before, after }).collect()
}

/// What an amendment of the table changes.
pub(crate) fn changes_of(row: &AmendmentRow) -> Vec<TermChange> {
    match (Terms::read(&row.before), Terms::read(&row.after)) {
        (Ok(before), Ok(after)) => changes(&before, &after),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(total: i64, expires_at: Option<&str>) -> AmendableTerms {
        AmendableTerms {
            total_fee: Fen::new(total),
            product_id: "gift".to_owned(),
            merchant: "shop".to_owned(),
            expires_at: expires_at.map(|at| at.parse().unwrap()),
        }
    }

    #[test]
    fn terms_are_read_as_they_were_written_and_only_what_differs_is_told() {
        let before = terms(1000, Some("2026-11-23T04:00:00.000123Z"));
        assert_eq!(Terms::read(&Terms::json(&before).unwrap()).unwrap(), before);
        assert_eq!(changes(&before, &before), []);
        let told: Vec<String> =
            changes(&before, &terms(900, None)).iter().map(TermChange::text).collect();
        assert_eq!(told, ["total: 10.00 → 9.00", "time_limit: 2026-11-23 12:00:00 → none"]);
        assert!(Terms::read("{}").is_err());
    }
}

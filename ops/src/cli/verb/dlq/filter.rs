//! The options that select dead letters.

use chrono::{DateTime, Utc};
use clap::Args;
use store::dead_letter::{LetterSearch, ReasonFilter};

use crate::cli::time_args::parse_moment;

/// Filters, all of which must hold.
#[derive(Debug, Clone, Args)]
pub(crate) struct FilterArgs {
    /// Only letters with this reason, as `ops dlq list --group` prints it
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Only those of this order (out_trade_no)
    #[arg(long, value_name = "ID")]
    order: Option<String>,
    /// Only those of this trade
    #[arg(long, value_name = "TRADE_NO")]
    trade_no: Option<String>,
    /// Only those of this merchant
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// Only letters that died since: 30m, 24h, 7d (ago), or a Beijing time
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    since: Option<DateTime<Utc>>,
    /// Only letters that died until then: 30m, 24h, 7d (ago), or a Beijing time
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    until: Option<DateTime<Utc>>,
    /// Only letters with this kind of error, as `ops dlq list --group` prints it
    #[arg(long, value_name = "TEXT")]
    fingerprint: Option<String>,
    /// Only letters whose error, reason, or a number of theirs contains this
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

impl From<FilterArgs> for LetterSearch {
    fn from(args: FilterArgs) -> LetterSearch {
        let FilterArgs { reason, order, trade_no, merchant, since, until, fingerprint, text } =
            args;
        let reason = reason.map(ReasonFilter::Is);
        LetterSearch {
            reason,
            order,
            trade_no,
            merchant,
            since,
            until,
            fingerprint,
            text,
            ..LetterSearch::default()
        }
    }
}

//! The options that select dead letters.

use chrono::{DateTime, Utc};
use clap::Args;

use crate::cli::time_args::parse_moment;
use crate::operations::dead_letter::filter::{LetterFilter, ReasonFilter};

/// Filters, all of which must hold.
#[derive(Debug, Clone, Args)]
pub(crate) struct FilterArgs {
    /// Only letters with this reason, as `ops dlq list --group` prints it
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Only those of this order (out_trade_no)
    #[arg(long, value_name = "ID")]
    order: Option<String>,
    /// Only those of this merchant
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// Only letters that died since: 30m, 24h, 7d (ago), or a Beijing time
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    since: Option<DateTime<Utc>>,
}

impl From<FilterArgs> for LetterFilter {
    fn from(args: FilterArgs) -> LetterFilter {
        let FilterArgs { reason, order, merchant, since } = args;
        let reason = reason.map(ReasonFilter::Is);
        LetterFilter { reason, order, merchant, since, ..LetterFilter::default() }
    }
}

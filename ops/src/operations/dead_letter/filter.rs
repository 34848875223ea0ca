//! Which dead letters are meant.

use chrono::{DateTime, Utc};
use clap::Args;

use super::DeadLetter;
use crate::cli::time_args::parse_moment;

/// Filters, all of which must hold.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Filter {
    /// Only those that died for this reason, as ops dlq list --group prints it
    #[arg(long, value_name = "REASON")]
    pub(crate) reason: Option<String>,
    /// Only those of this order
    #[arg(long, value_name = "ID")]
    pub(crate) order: Option<String>,
    /// Only those of this merchant
    #[arg(long, value_name = "NAME")]
    pub(crate) merchant: Option<String>,
    /// Only those that died since: 30m, 24h, 7d ago, or a Beijing time
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Filter {
    /// Whether the letter passes.
    pub(crate) fn takes(&self, letter: &DeadLetter) -> bool {
        let same = |wanted: &Option<String>, is: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| is.as_ref() == Some(wanted))
        };
        same(&self.reason, &letter.reason)
            && same(&self.order, &letter.order)
            && same(&self.merchant, &letter.merchant)
            && self.since.is_none_or(|since| letter.died_at.is_some_and(|died| died.0 >= since))
    }
}

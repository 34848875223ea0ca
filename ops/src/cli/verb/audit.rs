//! `ops audit`

mod report;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use clap::Args;
use service::duration::{self, DurationError};

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::audit::{GapKind, audit};
use crate::plural::count;

/// Check money against goods, and every order against its trades
///
/// Reads the whole database in consistent snapshots, while workers run, and computes each order again
/// from its trades and refunds. Prints sums, and each gap with its order, what is wrong, who must act (worker,
/// person, operator) and its age since the last write to the order. Orders that wait for stock or for a person
/// (an open review) are listed separately and are no gaps. Changes nothing.
///
/// Exits with 0 if nothing is wrong, 1 if there are gaps, 3 if the database did not answer.
///
/// Example: ops audit --output json
#[derive(Args)]
#[command(verbatim_doc_comment, after_long_help = GapKind::explained())]
pub(crate) struct AuditArgs {
    /// The most gaps, and the most waiting orders, to print; counts are always complete
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Leave out gaps younger than this: 5s, 2m, 1h
    #[arg(long, default_value = "5s", value_parser = parse_age, value_name = "AGE")]
    grace: TimeDelta,
    /// Warn of events that have waited longer than this to be published: 5s, 2m, 1h
    #[arg(long, default_value = "5m", value_parser = parse_age, value_name = "AGE")]
    outbox_age: TimeDelta,
}

impl AuditArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let began = Instant::now();
        let audit = context.database().and_then(|mut first| {
            let mut second = context.database()?;
            audit([&mut first, &mut second], self.grace, self.outbox_age, self.limit)
        });
        let audit = audit.map_err(could_not_ask)?;
        let page = report::AuditReport::new(&audit, began.elapsed());
        context.output.print(&page, || page.text())?;
        match audit.gaps.count() {
            0 => Ok(()),
            gaps => Err(Failure::Refused(count(gaps, "gap"))),
        }
    }
}

/// 1 means that gaps were found, so a database that answers with an error is 3.
fn could_not_ask(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(text) => Failure::CouldNotAsk(text),
        other => other,
    }
}

/// An age of up to a year.
fn parse_age(text: &str) -> Result<TimeDelta, DurationError> {
    let longest = Duration::from_hours(366 * 24);
    let age = duration::parse_up_to(longest, text)?;
    TimeDelta::from_std(age).map_err(|_| DurationError::TooLong { longest })
}

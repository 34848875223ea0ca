//! `ops pause`

mod list;

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use order::OperatorAction;

use crate::cli::context::Context;
use crate::cli::operator::{Operator, why};
use crate::cli::time_args::{parse_length, parse_moment};
use crate::failure::Failure;
use crate::operations::action_record::Actor;
use crate::operations::order::parse_id;
use crate::operations::pause::{self, DEFAULT_LENGTH, PausedWork};

group! {
    /// Let new work wait: of everything, a merchant or a product
    ///
    /// Notifications are answered as before. Workers put them aside within about a second, count no retry, dead-letter
    /// none, and work on them soon after the end of the pause or after `ops resume`. What workers begin by themselves waits,
    /// too: goods of orders that wait for stock, refunds of late payments, questions to Alipay. Every pause has an end.
    ///
    /// Example: ops pause product gift-100 --for 2h --reason "the supplier sent wrong codes"
    /// Example: ops pause list
    PauseArgs {
        Everything(PauseEverythingArgs),
        Merchant(PauseMerchantArgs),
        Product(PauseProductArgs),
        List(list::PauseListArgs),
    }
}

/// Let all work wait: the workers take nothing from the queue
///
/// Example: ops pause everything --for 30m --reason "the database is moved"
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PauseEverythingArgs {
    #[command(flatten)]
    terms: PauseTerms,
}

/// Let the work of one merchant wait
///
/// Example: ops pause merchant shop --for 2h --reason "the shop is moved"
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PauseMerchantArgs {
    /// Its name in the configuration
    name: String,
    #[command(flatten)]
    terms: PauseTerms,
}

/// Let the work about orders of one product wait
///
/// Alipay is still asked about such orders; its answers wait.
///
/// Example: ops pause product gift-100 --until "2026-12-01 09:00:00" --reason "wrong codes"
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PauseProductArgs {
    /// The product
    #[arg(value_parser = parse_id)]
    id: String,
    #[command(flatten)]
    terms: PauseTerms,
}

/// Why, and until when.
#[derive(Args)]
struct PauseTerms {
    /// Why, for the record and for whoever sees it
    #[arg(long)]
    reason: String,
    /// For how long, 7d at most; default: 1h
    #[arg(long = "for", value_parser = parse_length, value_name = "LENGTH", conflicts_with = "until")]
    length: Option<Duration>,
    /// Until when: a Beijing time or RFC 3339
    #[arg(long, value_parser = parse_moment, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
    #[command(flatten)]
    operator: Operator,
}

impl PauseTerms {
    fn begin(self, context: &Context, work: &PausedWork) -> Result<(), Failure> {
        let (by, reason) = (self.operator.name()?, why(&self.reason)?);
        let length = self.length()?;
        let act = work.act(Actor::of_verb(Some(by)), OperatorAction::PauseWork, reason);
        let begun = context.recorded(&act, |change| {
            let mut connection = context.database()?;
            pause::begin(&mut connection, &context.config, work, (by, reason), length, change)
        })?;
        context.output.print(&begun, || begun.text())
    }

    fn length(&self) -> Result<Duration, Failure> {
        match (self.length, self.until) {
            (Some(length), _) => Ok(length),
            (None, None) => Ok(DEFAULT_LENGTH),
            (None, Some(until)) => (until - Utc::now())
                .to_std()
                .map_err(|_| Failure::Usage("--until: that is not in the future".to_owned())),
        }
    }
}

impl PauseEverythingArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        self.terms.begin(context, &PausedWork::everything())
    }
}

impl PauseMerchantArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        self.terms.begin(context, &PausedWork::merchant(self.name))
    }
}

impl PauseProductArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        self.terms.begin(context, &PausedWork::product(self.id))
    }
}

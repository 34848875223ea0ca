//! `ops resume`

use clap::Args;
use order::OperatorAction;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::action_record::Actor;
use crate::operations::order::parse_id;
use crate::operations::pause::{self, PausedWork, Resumed};
use crate::plural::count;

group! {
    /// End a pause before its time: what waits is worked on within seconds
    ///
    /// All pauses of that work end. Another pause that the same work waits for stays: see `ops pause list`.
    ///
    /// Example: ops resume product gift-100
    ResumeArgs {
        Everything(ResumeEverythingArgs),
        Merchant(ResumeMerchantArgs),
        Product(ResumeProductArgs),
    }
}

/// End the pauses of everything
///
/// Example: ops resume everything
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ResumeEverythingArgs {
    #[command(flatten)]
    terms: ResumeTerms,
}

/// End the pauses of one merchant
///
/// Example: ops resume merchant shop --reason "the shop is back"
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ResumeMerchantArgs {
    /// Its name in the configuration
    name: String,
    #[command(flatten)]
    terms: ResumeTerms,
}

/// End the pauses of one product
///
/// Example: ops resume product gift-100 --reason "the codes were replaced"
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ResumeProductArgs {
    /// The product
    #[arg(value_parser = parse_id)]
    id: String,
    #[command(flatten)]
    terms: ResumeTerms,
}

/// Who, and why.
#[derive(Args)]
struct ResumeTerms {
    /// Why, for the record
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    operator: Operator,
}

impl ResumeTerms {
    fn end(self, context: &Context, work: &PausedWork) -> Result<(), Failure> {
        let by = self.operator.name()?;
        let act = work.act(Actor::of_verb(Some(by)), OperatorAction::ResumeWork, &self.reason);
        let resumed = context
            .recorded(&act, |change| pause::resume(&mut *context.database()?, work, by, change))?;
        context.output.print(&resumed, || text(&resumed))
    }
}

fn text(resumed: &Resumed) -> String {
    let Resumed { what, pauses, messages } = resumed;
    let pauses = count(*pauses, "pause");
    let waiting = count(*messages, "message");
    format!("{what}: {pauses} ended; workers put {waiting} back into the queue")
}

impl ResumeEverythingArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        self.terms.end(context, &PausedWork::everything())
    }
}

impl ResumeMerchantArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        self.terms.end(context, &PausedWork::merchant(self.name))
    }
}

impl ResumeProductArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        self.terms.end(context, &PausedWork::product(self.id))
    }
}

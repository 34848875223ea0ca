//! `ops topology`

use clap::{Args, Subcommand};
use queue::topology;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::topology::{TopologyDifference, plan};

/// Compare the queues of the broker with what should be there, or declare them
///
/// Example: ops topology plan
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct TopologyArgs {
    #[command(subcommand)]
    verb: TopologyVerb,
}

#[derive(Subcommand)]
enum TopologyVerb {
    /// Print what is missing or odd, without changing anything
    ///
    /// AMQP cannot list bindings: those of the work queue and of the retry tiers are found out by messages
    /// that come back where a binding is missing, and that workers of this version ignore where it is not.
    /// With amqp.management_url all bindings are read, and what should not be there is named, too: queues and
    /// exchanges with names like ours, dead-lettering in a circle or to nowhere, policies that remove messages.
    ///
    /// Ends with 0 when nothing is to be done, and with 1 when something is missing, odd, or there and differs:
    /// the arguments of a queue cannot be changed, so the text says what to do.
    ///
    /// Example: ops topology plan
    #[command(verbatim_doc_comment)]
    Plan,
    /// Declare what is missing and print it
    ///
    /// Changes nothing, and ends with 1, when something is there and differs.
    ///
    /// Example: ops topology apply --output json
    #[command(verbatim_doc_comment)]
    Apply,
}

impl TopologyArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let lines = context.block_on(plan(context))?;
        if matches!(self.verb, TopologyVerb::Plan) {
            print(context, &lines, "missing:", "nothing is missing")?;
            return match lines.as_slice() {
                [] => Ok(()),
                lines => Err(Failure::Refused(to_do(lines))),
            };
        }
        let events = context.config.events.enabled;
        context.block_on(async { Ok(topology::apply(&context.broker()?, events).await?) })?;
        let declared: Vec<TopologyDifference> = lines
            .into_iter()
            .filter(|line| matches!(line, TopologyDifference::Missing(_)))
            .collect();
        print(context, &declared, "declared", "nothing is missing")
    }
}

/// How much there is to do, and how.
fn to_do(lines: &[TopologyDifference]) -> String {
    let missing =
        lines.iter().filter(|line| matches!(line, TopologyDifference::Missing(_))).count();
    let odd = lines.len() - missing;
    let mut parts = Vec::new();
    if missing > 0 {
        parts.push(format!("{missing} missing: `ops topology apply` declares them"));
    }
    if odd > 0 {
        parts.push(format!("{odd} odd: no program changes that, a person has to"));
    }
    parts.join("; ")
}

fn print(
    context: &Context,
    lines: &[TopologyDifference],
    word: &str,
    nothing: &str,
) -> Result<(), Failure> {
    context.output.print::<[TopologyDifference]>(lines, || {
        if lines.is_empty() {
            return nothing.to_owned();
        }
        let text = |line: &TopologyDifference| match line {
            TopologyDifference::Missing(change) => format!("{word} {change}\n"),
            TopologyDifference::Odd(finding) => format!("odd: {finding}\n"),
        };
        lines.iter().map(text).collect()
    })
}

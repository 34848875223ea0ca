//! `ops topology`

use clap::{Args, Subcommand};
use order::OperatorAction;
use queue::topology;
use serde_json::json;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::topology::{TopologyDifference, plan};

/// Compare the broker's queues with what is needed, or declare them
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
    /// Print what is missing, differs or is unexpected; change nothing
    ///
    /// AMQP cannot list bindings. So the bindings of the work queue and of the retry tiers are tested with probe
    /// messages: the broker returns them if a binding is missing; if not, workers of this version ignore them.
    /// With amqp.management_url all bindings are read, and unexpected things are named too: foreign queues and
    /// exchanges with names like ours, dead-lettering in a circle or to nowhere, policies that remove messages.
    ///
    /// Exits with 0 if there is nothing to do, and with 1 if something is missing, differs or is unexpected. The
    /// arguments of a queue cannot be changed; the text says what to do.
    ///
    /// Example: ops topology plan
    #[command(verbatim_doc_comment)]
    Plan,
    /// Declare what is missing and print it
    ///
    /// If something exists and differs, changes nothing and exits with 1.
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
        let layout = context.layout();
        let act = Act::new(
            Actor::of_verb(None),
            OperatorAction::ApplyTopology,
            context.broker()?.vhost(),
        );
        context.recorded_if_possible(&act, |change| {
            change.to(json!({ "missing": lines.iter().filter(|line| line.is_missing()).count() }));
            context.block_on(async { Ok(topology::apply(&context.broker()?, layout).await?) })
        })?;
        let declared: Vec<TopologyDifference> =
            lines.into_iter().filter(TopologyDifference::is_missing).collect();
        print(context, &declared, "declared", "nothing is missing")
    }
}

/// How much there is to do, and how.
fn to_do(lines: &[TopologyDifference]) -> String {
    let missing = lines.iter().filter(|line| line.is_missing()).count();
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

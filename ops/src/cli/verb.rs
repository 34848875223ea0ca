//! One file per verb: its arguments, what it does, what it prints.

/// Declares verbs that run in a context, each with its arguments.
macro_rules! verbs {
    ($(#[$doc:meta])* $visibility:vis enum $name:ident { $($verb:ident($arguments:ty)),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(clap::Subcommand)]
        $visibility enum $name {
            $($verb($arguments)),+
        }

        impl $name {
            /// Runs the verb that was given.
            $visibility fn run(
                self,
                context: &$crate::cli::context::Context,
            ) -> Result<(), $crate::failure::Failure> {
                match self {
                    $($name::$verb(verb) => verb.run(context)),+
                }
            }
        }
    };
}

/// Declares a verb with verbs below it.
macro_rules! group {
    ($(#[$doc:meta])* $group:ident { $($verbs:tt)+ }) => {
        $(#[$doc])*
        #[derive(clap::Args)]
        #[command(verbatim_doc_comment)]
        pub(crate) struct $group {
            #[command(subcommand)]
            verb: Verb,
        }

        verbs! { enum Verb { $($verbs)+ } }

        impl $group {
            pub(crate) fn run(
                self,
                context: &$crate::cli::context::Context,
            ) -> Result<(), $crate::failure::Failure> {
                self.verb.run(context)
            }
        }
    };
}

pub(crate) mod actions;
pub(crate) mod audit;
pub(crate) mod certs;
pub(crate) mod check;
pub(crate) mod close;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod console;
pub(crate) mod console_password;
pub(crate) mod dlq;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod notify;
pub(crate) mod order;
pub(crate) mod pause;
pub(crate) mod pay_link;
pub(crate) mod product;
pub(crate) mod prune;
pub(crate) mod query;
pub(crate) mod reconcile;
pub(crate) mod refund;
pub(crate) mod refund_requests;
pub(crate) mod resume;
pub(crate) mod retries;
pub(crate) mod review;
pub(crate) mod status;
pub(crate) mod stock;
pub(crate) mod topology;
pub(crate) mod verify;

use std::io::Read as _;
use std::path::Path;

use crate::failure::Failure;

verbs! {
    /// The verbs that need a configuration.
    pub(crate) enum ConfiguredVerb {
        Migrate(migrate::MigrateArgs),
        Topology(topology::TopologyArgs),
        Product(product::ProductArgs),
        Stock(stock::StockArgs),
        Order(order::OrderArgs),
        PayLink(pay_link::PayLinkArgs),
        Refund(refund::RefundArgs),
        RefundRequests(refund_requests::RefundRequestsArgs),
        Close(close::CloseArgs),
        Verify(verify::VerifyArgs),
        Certs(certs::CertsArgs),
        Dlq(dlq::DlqArgs),
        Review(review::ReviewArgs),
        Pause(pause::PauseArgs),
        Resume(resume::ResumeArgs),
        Retries(retries::RetriesArgs),
        Query(query::QueryArgs),
        Reconcile(reconcile::ReconcileArgs),
        Audit(audit::AuditArgs),
        Actions(actions::ActionsArgs),
        Prune(prune::PruneArgs),
        Status(status::StatusArgs),
        Console(console::ConsoleArgs),
        Notify(notify::NotifyArgs),
    }
}

/// The whole file; `-` is stdin.
fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

//! `ops migrate`

use clap::Args;
use order::OperatorAction;
use serde::Serialize;
use serde_json::json;
use store::migrate;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor, note};

/// Bring the database schema up to date
///
/// Runs the pending migrations and prints them. You can run it twice, and while programs of the previous
/// version are running.
///
/// Example: ops migrate --config alipay.toml
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct MigrateArgs {}

#[derive(Serialize)]
struct Ran {
    ran: Vec<String>,
}

impl MigrateArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let ran = migrate::run(&mut connection, |line| tracing::warn!("{line}"))
            .map_err(|error| Failure::DatabaseAway(format!("database: {error}")))?;
        if !ran.is_empty() {
            let act = Act::new(Actor::of_verb(None), OperatorAction::MigrateSchema, "schema");
            note(&mut connection, &act, Some(json!({ "ran": ran })))?;
        }
        let result = Ran { ran };
        context.output.print(&result, || {
            if result.ran.is_empty() {
                return "nothing was pending".to_owned();
            }
            result.ran.iter().map(|version| format!("ran {version}\n")).collect()
        })
    }
}

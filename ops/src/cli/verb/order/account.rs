//! `ops order account`

use clap::Args;
use order::OperatorAction;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::order::account::set_account;
use crate::operations::order::{parse_account, parse_id};

/// Set the account of an order for a subscription
///
/// For an order that was placed without an account. If it is already paid, a worker grants the subscription
/// within seconds, and its review no_account is settled. If another account already has the goods, nothing is
/// changed (1). Setting the same account again changes nothing (0).
///
/// Example: ops order account A-1001 li@example.com
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct OrderAccountArgs {
    /// The order
    #[arg(value_parser = parse_id)]
    id: String,
    /// The account that the subscription is granted to, 1 to 255 characters
    #[arg(value_parser = parse_name)]
    account: String,
}

impl OrderAccountArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let OrderAccountArgs { id, account } = &self;
        let act = Act::new(Actor::of_verb(None), OperatorAction::SetAccount, id);
        let changed = context.recorded(&act, |change| {
            change.to(serde_json::json!({ "account": account }));
            set_account(&mut *context.database()?, id, account)
        })?;
        let named = serde_json::json!({ "order": id, "account": account, "changed": changed });
        context.output.print(&named, || match changed {
            true => format!("order {id} is for account {account}"),
            false => format!(
                "order {id} has been granted to account {account} already; nothing was changed"
            ),
        })
    }
}

fn parse_name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    parse_account(text)
}

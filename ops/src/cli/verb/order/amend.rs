//! `ops order amend`

mod output;

use alipay::Fen;
use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args};
use order::{AmendmentState, OperatorAction};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::operator::{Operator, why};
use crate::cli::question::asked;
use crate::cli::time_args::parse_moment;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::dead_letter::replay_selected::ReplayResult;
use crate::operations::order::amend::replay::replay_amended;
use crate::operations::order::amend::terms::changes_of;
use crate::operations::order::amend::{
    Amended, WantedTerms, confirm, plan, proposal, recorded_terms, withdraw,
};
use crate::operations::order::{parse_amount, parse_id};

/// Amend the total, product, merchant or time limit of an order, and replay its dead letters
///
/// A notification that disagrees with its order is signed and cannot be edited: where the shop wrote the order wrongly, the
/// order is amended. Prints what differs and what the replay would do (the worker's own code, rolled back), and asks on a
/// terminal; elsewhere --yes is needed. --dry-run stops after that.
///
/// What has happened stays: the total, merchant and time limit of an order that is paid, the merchant of one with a trade,
/// and the product of one whose goods are out.
///
/// A change of the merchant, or of the total or price by more than orders.amend_alone_up_to, is only proposed: another person
/// confirms it with --confirm, or anybody takes it back with --withdraw. `ops order amendments` lists them.
///
/// A crash between amending and replaying loses nothing: the same command again finds the terms as they should be, and goes
/// on with the replay.
///
/// Example: ops order amend A-1001 --total 9.00 --reason "the shop forgot the coupon" --replay all
/// Example: ops order amend A-1001 --time-limit none --reason "ordered by phone"
/// Example: ops order amend --confirm 7 --yes
#[derive(Args)]
#[command(
    verbatim_doc_comment,
    group = ArgGroup::new("terms").multiple(true)
        .args(["total", "product", "merchant", "time_limit"]).requires("order"),
    group = ArgGroup::new("what").required(true).multiple(true)
        .args(["total", "product", "merchant", "time_limit", "confirm", "withdraw"]),
    group = ArgGroup::new("decision").args(["confirm", "withdraw"]).conflicts_with_all(["terms", "order"]),
)]
pub(crate) struct OrderAmendArgs {
    /// The order
    #[arg(value_parser = parse_id)]
    order: Option<String>,
    /// Its total in yuan, for example 10.00
    #[arg(long, value_parser = parse_amount, value_name = "YUAN")]
    total: Option<Fen>,
    /// The product sold
    #[arg(long, value_parser = parse_id, value_name = "PRODUCT_ID")]
    product: Option<String>,
    /// The merchant that it belongs to
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// Until when it can be paid: a Beijing time or RFC 3339; none: always
    #[arg(long, value_parser = parse_limit, value_name = "TIME")]
    time_limit: Option<TimeLimitArg>,
    /// Why, for the record
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Then replay this dead letter of the order, or all of them
    #[arg(long, value_name = "MESSAGE_ID|all", value_parser = parse_id, conflicts_with = "decision")]
    replay: Option<String>,
    /// Confirm the amendment with this number as its second person
    #[arg(long, value_name = "AMENDMENT")]
    confirm: Option<i64>,
    /// Take back, or refuse, the amendment with this number
    #[arg(long, value_name = "AMENDMENT")]
    withdraw: Option<i64>,
    /// Only print what would change
    #[arg(long, conflicts_with = "decision")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operator: Operator,
}

/// `none`, or a time.
#[derive(Debug, Clone, Copy)]
struct TimeLimitArg(Option<DateTime<Utc>>);

fn parse_limit(text: &str) -> Result<TimeLimitArg, String> {
    match text {
        "none" => Ok(TimeLimitArg(None)),
        text => parse_moment(text).map(|at| TimeLimitArg(Some(at))),
    }
}

/// What was done.
#[derive(Serialize)]
struct AmendResult {
    #[serde(flatten)]
    amended: Amended,
    /// Where letters were replayed.
    replay: Option<ReplayResult>,
}

impl OrderAmendArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match (self.confirm, self.withdraw) {
            (Some(id), _) => self.confirm(context, id),
            (None, Some(id)) => self.withdraw(context, id),
            (None, None) => self.amend(context),
        }
    }

    fn amend(self, context: &Context) -> Result<(), Failure> {
        let (by, reason) = (self.operator.name()?, why(&self.reason)?);
        let order = self.order.as_deref().unwrap_or_default();
        let wanted = WantedTerms {
            total: self.total,
            product: self.product.clone(),
            merchant: self.merchant.clone(),
            time_limit: self.time_limit.map(|limit| limit.0),
        };
        let (config, replay) = (&context.config, self.replay.as_deref());
        let mut connection = context.database()?;
        let plan = plan(&mut connection, config, order, &wanted, replay)?;
        if self.dry_run {
            return context.output.print(&plan, || output::plan_text(&plan));
        }
        self.ask(&format!("{}\nAmend it?", output::plan_text(&plan)))?;
        let act = Act::new(Actor::of_verb(Some(by)), OperatorAction::AmendOrder, order);
        let result = context.recorded(&act.because(reason), |change| {
            let (before, after) = plan.terms();
            change.from(before);
            let amended = plan.write(&mut connection, config, by, reason)?;
            change.to(recorded_terms(&after, &amended));
            let replay = match amended.state {
                AmendmentState::Applied => replay_amended(context, order, replay, by, reason)?,
                AmendmentState::Proposed | AmendmentState::Withdrawn => None,
            };
            change.ended(&replay.as_ref().map_or(Ok(()), |it| it.ended.clone()));
            Ok(AmendResult { amended, replay })
        })?;
        finish(context, result)
    }

    fn confirm(self, context: &Context, id: i64) -> Result<(), Failure> {
        let by = self.operator.name()?;
        let mut connection = context.database()?;
        let row = proposal(&mut connection, id)?;
        self.ask(&format!("{}\nConfirm it?", output::row_text(&row)))?;
        let order = row.order_id.clone();
        let act = Act::new(Actor::of_verb(Some(by)), OperatorAction::ConfirmAmendment, &order);
        let result = context.recorded(&act.because(&self.reason), |change| {
            let row = confirm(&mut connection, &context.config, id, by)?;
            let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            change.from(json(&row.before));
            change.to(json(&row.after));
            let replay = replay_amended(context, &order, row.replay.as_deref(), by, &row.reason)?;
            change.ended(&replay.as_ref().map_or(Ok(()), |it| it.ended.clone()));
            let amended = Amended {
                order: order.clone(),
                amendment: Some(id),
                state: AmendmentState::Applied,
                changes: changes_of(&row),
            };
            Ok(AmendResult { amended, replay })
        })?;
        finish(context, result)
    }

    fn withdraw(self, context: &Context, id: i64) -> Result<(), Failure> {
        let by = self.operator.name()?;
        let mut connection = context.database()?;
        let row = proposal(&mut connection, id)?;
        let order = row.order_id;
        let act = Act::new(Actor::of_verb(Some(by)), OperatorAction::WithdrawAmendment, &order);
        let row = context.recorded(&act.because(&self.reason), |change| {
            let row = withdraw(&mut connection, id, by)?;
            change.to(serde_json::json!({ "amendment": id }));
            Ok(row)
        })?;
        let state = AmendmentState::Withdrawn;
        let changes = changes_of(&row);
        let amended = Amended { order: order.clone(), amendment: Some(id), state, changes };
        finish(context, AmendResult { amended, replay: None })
    }

    /// An error unless the person at the terminal agrees, or has agreed before.
    fn ask(&self, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        match asked(question) {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::Refused("nothing was changed".to_owned())),
            None => Err(Failure::Usage(format!(
                "{question}\nnobody can be asked here: say --yes, or --dry-run"
            ))),
        }
    }
}

fn finish(context: &Context, result: AmendResult) -> Result<(), Failure> {
    context.output.print(&result, || output::text(&result))?;
    result.replay.map_or(Ok(()), |replay| replay.ended)
}

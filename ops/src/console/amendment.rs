//! The amendments of an order: what was amended, the form for another one, and the answer of a second person.
//!
//! A form leads to a page that shows what would differ and what the replay would do; that page has the button.

use std::sync::Arc;

use alipay::{Fen, parse_beijing};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use order::{AmendmentState, OperatorAction, OrderTerm};
use serde_json::Value;
use service::language::say;
use service::page::{Column, hidden};
use store::Connection;
use store::amendment::AmendmentRow;
use store::dead_letter::LetterSearch;

use super::address::{address, link};
use super::letter_actions::replay_letters;
use super::letter_query::{LetterQuery, SelectedOnPage};
use super::page::{Page, section, table, usage};
use super::request::{Fields, PostedForm};
use super::right::Right;
use super::tag::{Tone, tag};
use super::{Console, Shared, person, user};
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor, Change};
use crate::operations::dry_run::because;
use crate::operations::order::amend::terms::{TermChange, changes_of};
use crate::operations::order::amend::{
    ALL, AmendmentPlan, WantedTerms, confirm, plan, proposal, recorded_terms, withdraw,
};
use crate::operations::order::details::OrderDetails;
use crate::operations::order::parse_amount;

/// The names of the fields for new terms.
const TOTAL: &str = "total";
const PRODUCT: &str = "product";
const MERCHANT: &str = "merchant";
const TIME_LIMIT: &str = "time_limit";
/// A box: then all dead letters of the order are replayed.
const REPLAY: &str = "replay";

const NO_LIMIT: &str = "none";

/// The amendments, and the form, as a part of the order's page.
pub(super) fn part(console: &Console, page: &OrderDetails) -> Markup {
    let may = user::may(Right::AmendOrder);
    let columns = [
        Column::text("状态", "State"),
        Column::text("修改", "Change"),
        Column::text("原因", "Why"),
        Column::text("谁", "Who"),
        Column::NAMELESS,
    ];
    let rows = page.amendments.iter().map(|row| line(console, row, may));
    html! {
        (section(say("订单修改", "Amendments"), columns, rows))
        @if may {
            details {
                summary { (say("修改订单：金额、商品、商户、付款期限", "Amend: total, product, merchant, time limit")) }
                (form(console, page))
            }
        }
    }
}

fn line(console: &Console, row: &AmendmentRow, may: bool) -> Markup {
    html! {
        tr {
            td { (state(row.state)) }
            td { @for change in changes_of(row) { p { (change_text(&change)) } } }
            td { (row.reason) }
            td {
                (row.proposed_by) " " (row.proposed_at.to_string())
                @if let Some(by) = &row.decided_by { span.soft { (say("第二人：", "second person: ")) (by) } }
            }
            td { @if may && row.state == AmendmentState::Proposed { (answer_form(console, row)) } }
        }
    }
}

fn state(state: AmendmentState) -> Markup {
    match state {
        AmendmentState::Proposed => {
            tag(Tone::Warn, say("待第二人确认", "waits for a second person"))
        }
        AmendmentState::Applied => tag(Tone::Good, say("已修改", "amended")),
        AmendmentState::Withdrawn => tag(Tone::Plain, say("已撤回", "withdrawn")),
    }
}

fn term_words(term: OrderTerm) -> &'static str {
    match term {
        OrderTerm::Total => say("金额", "total"),
        OrderTerm::Product => say("商品", "product"),
        OrderTerm::Merchant => say("商户", "merchant"),
        OrderTerm::TimeLimit => say("付款期限", "time limit"),
    }
}

fn change_text(change: &TermChange) -> String {
    format!("{}: {} → {}", term_words(change.term), change.before, change.after)
}

fn amend_address(order: &str) -> String {
    format!("{}/amend", address("/orders/", order))
}

/// The buttons of a second person; whoever proposed it is refused by the operation.
fn answer_form(console: &Console, row: &AmendmentRow) -> Markup {
    html! {
        form method="post" action=(amend_address(&row.order_id)) {
            (console.guard.field())
            (hidden("amendment", &row.id.to_string()))
            (person::fields(say("原因", "Why"), say("原因", "Why"), false))
            button.main name="act" value=(OperatorAction::ConfirmAmendment.as_str()) { (say("确认", "Confirm")) }
            button name="act" value=(OperatorAction::WithdrawAmendment.as_str()) { (say("撤回", "Withdraw")) }
        }
    }
}

fn form(console: &Console, page: &OrderDetails) -> Markup {
    let row = &page.order.row;
    let limit = row.expires_at.map_or_else(|| NO_LIMIT.to_owned(), |at| at.to_string());
    let field = |name: &str, label: &str, now: &str| {
        html! { label { (label) " " input name=(name) placeholder=(now) maxlength="64"; } }
    };
    html! {
        div.card { form method="post" action=(amend_address(&row.id)) {
            (console.guard.field())
            div.acts {
                (field(TOTAL, say("金额", "Total"), &Fen::new(row.total_fee).to_string()))
                (field(PRODUCT, say("商品", "Product"), &page.product.id))
                (field(MERCHANT, say("商户", "Merchant"), &row.merchant))
                (field(TIME_LIMIT, say("付款期限（none：不限）", "Time limit (none: always)"), &limit))
                label {
                    input type="checkbox" name=(REPLAY) value=(ALL) checked;
                    " " (say("然后重放它的死信", "then replay its dead letters"))
                }
                (person::fields(say("原因", "Why"), say("原因", "Why"), true))
                button.main { (say("先看结果", "See what would change")) }
            }
        } }
    }
}

/// What the form asks for. A field that is empty stays as it is.
fn wanted(form: &Fields) -> Result<WantedTerms, Failure> {
    let text = |name| form.some(name).map(str::to_owned);
    let total = form.some(TOTAL).map(parse_amount).transpose();
    let time = |text: &str| match text {
        NO_LIMIT => Ok(None),
        text => parse_beijing(text).map(Some),
    };
    Ok(WantedTerms {
        total: total.map_err(|_| usage("金额不能识别", "the total is no amount"))?,
        product: text(PRODUCT),
        merchant: text(MERCHANT),
        time_limit: form
            .some(TIME_LIMIT)
            .map(time)
            .transpose()
            .map_err(|_| usage("付款期限不能识别", "the time limit is no time"))?,
    })
}

/// Shows what an amendment would do, makes it, or answers a proposal.
pub(super) async fn act(
    State(console): Shared,
    Path(order): Path<String>,
    PostedForm(form): PostedForm,
) -> Result<Response, Failure> {
    let (by, reason) = (person::name(&form)?, person::note(&form)?);
    let id = || {
        form.get("amendment").parse::<i64>().map_err(|_| usage("没有这个修改", "no such amendment"))
    };
    // Without a word for an act: only a look.
    match form.get("act").parse() {
        Ok(action @ (OperatorAction::ConfirmAmendment | OperatorAction::WithdrawAmendment)) => {
            decide(&console, id()?, by, reason, action).await
        }
        _ if reason.is_empty() => Err(usage("请写原因", "say why")),
        Ok(OperatorAction::AmendOrder) => amend(&console, order, &form, by, reason).await,
        _ => preview(&console, order, &form, &reason).await,
    }
}

async fn read_plan(
    console: &Console,
    order: String,
    form: &Fields,
) -> Result<AmendmentPlan, Failure> {
    let (wanted, config) = (wanted(form)?, console.config.clone());
    let replay = form.some(REPLAY).map(|_| ALL);
    console.database(move |connection| plan(connection, &config, &order, &wanted, replay)).await
}

async fn preview(
    console: &Console,
    order: String,
    form: &Fields,
    reason: &str,
) -> Result<Response, Failure> {
    let plan = read_plan(console, order.clone(), form).await?;
    let kept = [TOTAL, PRODUCT, MERCHANT, TIME_LIMIT, REPLAY, "by"];
    let columns =
        [Column::text("项目", "Term"), Column::text("现在", "Now"), Column::text("修改为", "Then")];
    let rows = plan.changes.iter().map(|change| {
        html! { tr { td { (term_words(change.term)) } td { (change.before) } td { b { (change.after) } } } }
    });
    let letters = [Column::text("死信", "Dead letter"), Column::text("重放后", "After the replay")];
    let tried = plan.dry_run.iter().map(|one| {
        html! { tr { td.id.mono { (crate::operations::dead_letter::short(&one.id)) } td { (because(one)) } } }
    });
    let body = html! {
        @if plan.changes.is_empty() {
            p { (say("没有不同。", "Nothing differs.")) }
        } @else {
            (table(columns, rows))
        }
        @if let Some(why) = &plan.second_person {
            div.box.warn {
                b { (say("需要第二个人确认", "A second person has to confirm this")) } p { (why) }
            }
        }
        (section(say("死信", "Dead letters"), letters, tried))
        form method="post" action=(amend_address(&order)) {
            (console.guard.field())
            @for name in kept {
                @if let Some(value) = form.some(name) { (hidden(name, value)) }
            }
            (hidden("note", reason))
            button.main name="act" value=(OperatorAction::AmendOrder.as_str()) { (say("修改", "Amend")) }
        }
        p.pages { (link(&address("/orders/", &order), say("返回订单", "Back to the order"))) }
    };
    Ok(Page::new(format!("{} {order}", say("修改订单", "Amend order")), body).into_response())
}

async fn amend(
    console: &Arc<Console>,
    order: String,
    form: &Fields,
    by: String,
    reason: String,
) -> Result<Response, Failure> {
    let plan = read_plan(console, order.clone(), form).await?;
    let act = Act::new(Actor::of_console(&by), OperatorAction::AmendOrder, &order).because(&reason);
    let replays = form.some(REPLAY).is_some() && plan.letters > 0;
    let shared = Arc::clone(console);
    let (who, why) = (by.clone(), reason.clone());
    Console::to_its_end(async move {
        let record = shared.begin(act).await?;
        let mut change = Change::default();
        let (before, after) = plan.terms();
        change.from(before);
        let config = shared.config.clone();
        let write = move |connection: &mut Connection| plan.write(connection, &config, &who, &why);
        let amended = shared.database(write).await;
        if let Ok(amended) = &amended {
            change.to(recorded_terms(&after, amended));
        }
        shared.end(record, change, &amended).await;
        match amended?.state {
            AmendmentState::Applied if replays => replay(&shared, &order, ALL, by, reason).await,
            _ => Ok(Redirect::to(&address("/orders/", &order)).into_response()),
        }
    })
    .await
}

/// Confirms a proposal or takes it back.
async fn decide(
    console: &Arc<Console>,
    id: i64,
    by: String,
    reason: String,
    action: OperatorAction,
) -> Result<Response, Failure> {
    let order = console.database(move |connection| proposal(connection, id)).await?.order_id;
    let act = Act::new(Actor::of_console(&by), action, &order).because(&reason);
    let (shared, who) = (Arc::clone(console), by.clone());
    Console::to_its_end(async move {
        let record = shared.begin(act).await?;
        let mut change = Change::default();
        let config = shared.config.clone();
        let decided = shared
            .database(move |connection| match action {
                OperatorAction::ConfirmAmendment => confirm(connection, &config, id, &who),
                _ => withdraw(connection, id, &who),
            })
            .await;
        if let Ok(row) = &decided {
            let json = |text: &str| serde_json::from_str::<Value>(text).ok();
            change.from(json(&row.before));
            change.to(json(&row.after));
        }
        shared.end(record, change, &decided).await;
        let row = decided?;
        match row.replay {
            Some(letters) if action == OperatorAction::ConfirmAmendment => {
                replay(&shared, &order, &letters, by, row.reason).await
            }
            _ => Ok(Redirect::to(&address("/orders/", &order)).into_response()),
        }
    })
    .await
}

/// Replays dead letters of the order as the page of dead letters does, and leads to the result.
async fn replay(
    console: &Arc<Console>,
    order: &str,
    replay: &str,
    by: String,
    note: String,
) -> Result<Response, Failure> {
    let letters = match replay {
        ALL => {
            let order = Some(order.to_owned());
            SelectedOnPage::All(LetterQuery(LetterSearch { order, ..LetterSearch::default() }))
        }
        id => SelectedOnPage::Ticked([id.to_owned()].into()),
    };
    Ok(replay_letters(console, letters, by, note).await?.into_response())
}

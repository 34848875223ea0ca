//! `/reviews/ID`: a case, what can be decided, and the decision.

use axum::extract::{Path, State};
use axum::response::Redirect;
use maud::{Markup, html};
use order::Decision;
use queue::topology::Layout;
use service::language::{Language, say};
use service::page::fact;

use super::address::{address, at, link, order_link};
use super::page::{Menu, Page, nothing, usage};
use super::request::PostedForm;
use super::reviews::{chinese, review_address, state};
use super::right::Right;
use super::{Console, Shared, person, user};
use crate::failure::Failure;
use crate::operations::action_record::{Actor, Change};
use crate::operations::await_worker::AppliedOutcome;
use crate::operations::order::details::TradeLine;
use crate::operations::order::next_step::of_review;
use crate::operations::order::story::{header, not_done};
use crate::operations::review_case::{Choice, ReviewCase, evidence, meaning};
use crate::operations::review_decision::{ReviewDecision, send};
use crate::text::or_empty;

pub(super) async fn show(State(console): Shared, Path(id): Path<String>) -> Result<Page, Failure> {
    let id = number(&id)?;
    let config = console.config.clone();
    let read = move |connection: &mut store::Connection| ReviewCase::read(connection, &config, id);
    let case = console.database(read).await?;
    let row = &case.row;
    let choices = case.choices();
    let body = html! {
        div.card { table.facts {
            (fact(say("状态", "State"), state(row.state)))
            (fact(say("订单", "Order"), order_link(&row.order_id)))
            (fact(say("原因", "Reason"), format!("{} {}", row.reason, say(chinese(&row.reason), ""))))
            (fact(say("含义", "Meaning"), meaning(row)))
            (fact(say("下一步", "Next"), of_review(row).unwrap_or_default()))
            (fact(say("证据", "Evidence"), evidence(row)))
            (fact(say("提出", "Raised"), row.raised_at.to_string()))
            (fact(say("结束", "Ended"), or_empty(row.ended_at)))
            (fact(say("决定", "Decision"), row.decision.as_deref().unwrap_or_default()))
            (fact(say("决定人", "Decided by"), row.decided_by.as_deref().unwrap_or_default()))
            (fact(say("说明", "Note"), row.note.as_deref().unwrap_or_default()))
        } }
        h2 { (say("决定", "Decide")) }
        @if choices.is_empty() {
            (nothing(say("已经结束，无需决定。", "This case has ended.")))
        } @else if !user::may(Right::DecideReview) {
            (user::may_not())
        } @else {
            (form(&console, id, &choices))
        }
        h2 { (say("订单", "The order")) }
        div.card { pre {
            (order_now(&case))
        } }
        p.pages {
            (link(&address("/orders/", &row.order_id), say("订单经过", "The whole story »")))
        }
    };
    Ok(Page::new(format!("{} # {id}", say("复核", "Review")), body))
}

/// What the order is, its trades, and what was not done, a line each.
fn order_now(case: &ReviewCase) -> String {
    let trade = |trade: &TradeLine| trade.text();
    let mut lines = header(&case.page);
    lines.extend(case.page.trades.iter().map(trade));
    lines.extend(not_done(&case.page));
    lines.join("\n")
}

fn form(console: &Console, id: i64, choices: &[Choice]) -> Markup {
    html! {
        div.card { form method="post" action=(review_address(id)) {
            (console.guard.field())
            @for choice in choices { (choice_of(choice, choices.len() == 1)) }
            div.acts {
                (person::fields(say("说明：为什么", "Why"), say("说明", "Why"), true))
                button.main { (say("决定", "Decide")) }
            }
        } }
    }
}

fn choice_of(choice: &Choice, is_only: bool) -> Markup {
    let trade = choice.trade_no.as_deref().unwrap_or_default();
    html! {
        label.choice {
            input type="radio" name="decision" required value=(format!("{} {trade}", choice.decision))
                checked[is_only];
            b { (decision_words(choice.decision)) } " " (trade) " "
            span.note { (choice.meaning) }
        }
    }
}

/// A decision in the language of the page.
fn decision_words(decision: &str) -> &str {
    let chinese = match decision.parse() {
        Ok(Decision::Paid) => "钱已收到",
        Ok(Decision::Refunded) => "已退款",
        Ok(Decision::Accepted) => "照常接受",
        Ok(Decision::Delivered) => "已发货",
        Ok(Decision::TakenBack) => "已收回",
        Ok(Decision::Noted) => "已知悉",
        Err(_) => return decision,
    };
    match Language::here() {
        Language::Chinese => chinese,
        Language::English => decision,
    }
}

/// Writes the decision, publishes the message that has a worker apply it, and shows the result.
pub(super) async fn decide(
    State(console): Shared,
    Path(id): Path<String>,
    PostedForm(form): PostedForm,
) -> Result<Redirect, Failure> {
    let id = number(&id)?;
    let (by, note) = (person::name(&form)?, person::note(&form)?);
    if note.is_empty() {
        return Err(usage("请写说明", "say why, in the note"));
    }
    let chosen = form.get("decision");
    let (word, trade_no) = chosen.split_once(' ').unwrap_or((chosen, ""));
    let decision =
        Decision::read(word).map_err(|_| usage("请选择一个决定", "choose a decision"))?;
    let trade_no = Some(trade_no.trim().to_owned()).filter(|trade_no| !trade_no.is_empty());
    let decided = ReviewDecision { decision, trade_no, by, note };
    Console::to_its_end(async move {
        let record = console.begin(decided.act(Actor::of_console(&decided.by), id)).await?;
        let mut change = Change::default();
        let page = send_decision(&console, id, decided, &mut change).await;
        console.end(record, change, &page).await;
        Ok(console.results.keep(Menu::Reviews, page?))
    })
    .await
}

/// Does that, and makes the page that tells.
async fn send_decision(
    console: &Console,
    id: i64,
    decided: ReviewDecision,
    change: &mut Change,
) -> Result<Page, Failure> {
    let decision = decided.decision;
    let config = console.config.clone();
    let check = move |connection: &mut store::Connection| decided.check(connection, &config, id);
    let checked = console.database(check).await?;
    change.to(checked.as_recorded());
    let order = checked.order.clone();
    let shards = Layout::configured(&console.config).shards;
    let write = console.database(move |connection| checked.write(connection, shards));
    let sent = send(console.broker(), "ops console", write).await?;
    let applied = console.database(move |connection| Ok(sent.wait(connection)?)).await;
    let (class, result) = match &applied {
        Ok(applied) if applied.is_rejected() => ("bad", applied.text()),
        Ok(applied) if applied.outcome == AppliedOutcome::Waiting => ("warn", applied.text()),
        Ok(applied) => ("good", applied.text()),
        Err(failure) => ("warn", format!("It is written down.\n{failure}")),
    };
    let body = html! {
        div.box.(class) {
            b {
                (say("决定已送出", "The decision was sent:")) " "
                (decision_words(decision.as_str()))
            }
            pre { (result) }
        }
        p.pages {
            (link(&review_address(id), say("复核", "Review")))
            (link(&address("/orders/", &order), say("订单", "Order")))
            (link(&at("/reviews"), say("全部复核", "All reviews")))
        }
    };
    Ok(Page::new(format!("{} # {id}", say("复核", "Review")), body))
}

fn number(id: &str) -> Result<i64, Failure> {
    id.parse()
        .map_err(|_| Failure::NotFound(say("没有这个复核", "there is no such review").to_owned()))
}

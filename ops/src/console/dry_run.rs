//! What a replay of dead letters would do.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use service::language::{Language, say};
use service::page::Column;
use tokio::time::timeout;

use super::Console;
use super::address::{at, link, order_link};
use super::letter_actions::{REFRESH, SHORT, left_out_warning};
use super::letter_query::SelectedOnPage;
use super::letters::{act_fields, letter_link};
use super::page::{Menu, Page, nothing, problem, table};
use super::results::redirect;
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::dead_letter::dry_run::{DryRun, dry_run as dry_run_letters};
use crate::operations::dry_run::{DryRunOutcome, DryRunResult, because};

/// Letters that are listed.
const LISTED: usize = 500;

/// What was tried.
struct TriedLetters {
    selection: SelectedOnPage,
    /// Letters that were left out, since their messages killed workers.
    poison: usize,
    run: DryRun,
}

/// Tries all selected letters. The page comes at once where that takes a moment; else it shows how far it has come.
pub(super) async fn dry_run(
    console: &Arc<Console>,
    selection: SelectedOnPage,
) -> Result<Response, Failure> {
    let ticket = console.results.begin(Menu::DeadLetters, under_way(0, 0));
    let (shared, at) = (Arc::clone(console), ticket.clone());
    let language = Language::here();
    let mut trying = tokio::task::spawn_blocking(move || {
        language.within(|| TriedLetters::try_all(&shared, selection, &at))
    });
    let failed = |error| Failure::CouldNotAsk(format!("the dry run failed: {error}"));
    if let Ok(tried) = timeout(SHORT, &mut trying).await {
        let tried = tried.map_err(failed)??;
        return Ok(tried.page(Some(console)).into_response());
    }
    let (shared, at) = (Arc::clone(console), ticket.clone());
    tokio::spawn(language.scope(async move {
        let page = match trying.await.map_err(failed).flatten() {
            Ok(tried) => tried.page(None),
            Err(failure) => problem(&failure),
        };
        shared.results.replace(&at, page);
    }));
    Ok(redirect(&ticket).into_response())
}

impl TriedLetters {
    fn try_all(
        console: &Console,
        selection: SelectedOnPage,
        ticket: &str,
    ) -> Result<TriedLetters, Failure> {
        let mut connection = console.pool.get()?;
        let letters = selection.letters().read(&mut connection)?;
        let all = letters.letters.len();
        let run = dry_run_letters(&mut connection, &console.config, &letters.letters, |tried| {
            console.results.replace(ticket, under_way(tried, all));
            Ok(())
        })?;
        Ok(TriedLetters { selection, poison: letters.left_out.letters, run })
    }

    /// What would change; with the form to act where it is the answer to the user who has asked.
    fn page(&self, console: Option<&Console>) -> Page {
        let TriedLetters { selection, poison, run } = self;
        let DryRun { results, without_body } = run;
        let body = html! {
            (left_out_warning(*poison))
            @if !results.is_empty() {
                @if !without_body.is_empty() {
                    div.box.warn {
                        (say("没有全部试运行，没有内容的死信：", "Not all were tried. Letters without a body: "))
                        (without_body.len())
                        (say("。先运行 ops dlq sync。", ". Run ops dlq sync first."))
                    }
                }
                (outcomes(results))
                @if let Some(console) = console {
                    h2 { (say("现在", "And now")) }
                    div.card { form method="post" action=(at("/dead-letters")) {
                        (console.guard.field())
                        (selection.fields())
                        (act_fields())
                    } }
                }
                p.pages { (link(&selection.address(), say("« 返回", "Back"))) }
            } @else if *poison == 0 {
                (nothing(say("这些死信已经不在了。", "None of these letters is there any more.")))
            }
        };
        Page::new(say("试运行", "Dry run"), body)
    }
}

/// The page while letters are tried.
fn under_way(tried: usize, all: usize) -> Page {
    let body = html! {
        div.box role="status" {
            b { (say("正在试运行，不改变任何内容", "The dry run is under way and changes nothing")) }
            @if all > 0 { p { (tried) " / " (all) } }
        }
    };
    Page { refresh: Some(REFRESH), ..Page::new(say("试运行", "Dry run"), body) }
}

fn outcomes(results: &[DryRunResult]) -> Markup {
    let columns = [
        Column::text("死信", "Letter"),
        Column::text("订单", "Order"),
        Column::text("结果", "Outcome"),
        Column::text("变化或原因", "Change or reason"),
    ];
    html! {
        div.box.good {
            (say("没有改变任何内容。", "Nothing was changed."))
            p {
                (say("通知：", "Notifications: ")) (results.len())
                (say("；会生效：", "; would be applied: ")) b { (DryRunOutcome::Applied.count(results)) }
                (say("；无变化：", "; would change nothing: ")) b { (DryRunOutcome::Unchanged.count(results)) }
                (say("；会再次失败：", "; would die again: ")) b { (DryRunOutcome::Rejected.count(results)) }
            }
        }
        (table(columns, results.iter().take(LISTED).map(row)))
    }
}

/// How a message would end.
pub(super) fn outcome_tag(outcome: DryRunOutcome) -> Markup {
    let (tone, word) = match outcome {
        DryRunOutcome::Applied => (Tone::Good, say("会生效", "applied")),
        DryRunOutcome::Unchanged => (Tone::Plain, say("无变化", "unchanged")),
        DryRunOutcome::Unknown => (Tone::Warn, say("未知状态", "unknown status")),
        DryRunOutcome::Rejected => (Tone::Bad, say("会再次失败", "dies again")),
        DryRunOutcome::DatabaseRefuses => (Tone::Bad, say("数据库拒绝", "database refuses")),
        DryRunOutcome::NoOrderYet => (Tone::Warn, say("订单未到", "no order yet")),
        DryRunOutcome::Locked => (Tone::Warn, say("订单正被处理", "locked now")),
    };
    tag(tone, word)
}

fn row(one: &DryRunResult) -> Markup {
    html! {
        tr {
            td.id.mono { (letter_link(&one.id)) }
            td.id { @if let Some(order) = &one.order { (order_link(order)) } }
            td { (outcome_tag(one.effect.outcome)) }
            td { (because(one)) }
        }
    }
}

//! Replay and discard of dead letters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use order::{LetterAction, OperatorAction};
use queue::ReceivedMessage;
use serde_json::json;
use service::language::say;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::address::link;
use super::dry_run::dry_run;
use super::letter_query::Selection;
use super::page::{Menu, Page, usage};
use super::person::{name, note};
use super::request::PostedForm;
use super::tag::{Tone, tag};
use super::{Console, Shared};
use crate::failure::Failure;
use crate::operations::action_record::{Actor, Change};
use crate::operations::dead_letter::discard::{DiscardNote, discard};
use crate::operations::dead_letter::replay::Replay;
use crate::operations::dead_letter::replay_outcome::{ReplayOutcome, ReplayWait};
use crate::operations::dead_letter::selection::SelectedLetters;
use crate::operations::letter_acts::letter_act;

/// The form below dead letters, with one of its three buttons.
pub(super) async fn act(
    State(console): Shared,
    PostedForm(form): PostedForm,
) -> Result<Response, Failure> {
    let selection = Selection::read(&form)?;
    let (action, note) = match form.get("act") {
        "dry_run" => return Ok(dry_run(&console, selection).await?.into_response()),
        "replay" => (LetterAction::Replayed, note(&form)?),
        "discard" => (LetterAction::Discarded, note(&form)?),
        _ => return Err(usage("没有这个操作", "no such button")),
    };
    let by = name(&form)?;
    if action == LetterAction::Discarded && note.is_empty() {
        return Err(usage("丢弃时必须写原因", "to discard a letter say why"));
    }
    let note = Some(note).filter(|note| !note.is_empty());
    Ok(move_letters(&console, selection, action, by, note).await?.into_response())
}

/// The warning that letters were left out because their messages crashed workers.
pub(super) fn left_out_warning(letters: usize) -> Markup {
    html! {
        @if letters > 0 {
            div.box.warn {
                b { (letters) } " "
                (say(
                    "条死信没有重放：这些消息使 worker 崩溃过（kills_workers），重放会再次崩溃。处理办法见 \
                     docs/troubleshooting.zh-CN.md；确实要试，用 ops dlq replay --even-if-it-kills-workers。",
                    "left out: their messages killed workers, and a replay kills them again. See kills_workers in \
                     docs/troubleshooting.md; to try it anyway use ops dlq replay --even-if-it-kills-workers.",
                ))
            }
        }
    }
}

/// Replays or discards, and leads to a page that says how many.
async fn move_letters(
    console: &Arc<Console>,
    selection: Selection,
    action: LetterAction,
    by: String,
    note: Option<String>,
) -> Result<Redirect, Failure> {
    let back = selection.address();
    let shared = Arc::clone(console);
    let runtime = Handle::current();
    // The walk blocks on the database between two answers of the broker, so it runs on a blocking thread. It goes
    // on when the browser disconnects.
    let walked = tokio::task::spawn_blocking(move || {
        runtime.block_on(recorded_walk(&shared, &selection, action, &by, note.as_deref()))
    });
    let Moved { count, left_out, outcomes, failure } = walked.await.map_err(|error| {
        Failure::CouldNotAsk(format!("the action on the dead letters failed: {error}"))
    })??;
    let (title, done) = match action {
        LetterAction::Replayed | LetterAction::Restored => (
            say("重放", "Replay"),
            say("条死信已送回工作队列，并已记录。", "letters went back to work."),
        ),
        LetterAction::Discarded => (
            say("丢弃", "Discard"),
            say(
                "条死信已丢弃，内容保留在记录里。",
                "letters were discarded; the record keeps them.",
            ),
        ),
    };
    let body = html! {
        (left_out_warning(left_out))
        @if let Some(failure) = &failure {
            div.box.bad {
                b { (say("没有全部完成", "Not all was done")) }
                pre { (failure.to_string()) }
            }
        }
        div.box.good { b { (count) } " " (done) }
        @if let Some(outcomes) = &outcomes { (outcome_counts(outcomes)) }
        @if count == 0 && left_out == 0 && failure.is_none() {
            p.note { (say("可能别人已经处理了。", "Another person may have acted first.")) }
        }
        p.pages { (link(&back, say("« 返回死信", "Back to the letters"))) }
    };
    let mut page = Page::new(title, body);
    if let Some(failure) = failure {
        if count == 0 {
            return Err(failure);
        }
        page.status = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(console.results.keep(Menu::DeadLetters, page))
}

/// The outcome of replayed letters.
fn outcome_counts(wait: &ReplayWait) -> Markup {
    let counted = [
        (ReplayOutcome::Applied, Tone::Good, say("已生效", "applied")),
        (ReplayOutcome::Unchanged, Tone::Plain, say("无变化", "changed nothing")),
        (ReplayOutcome::Unknown, Tone::Warn, say("未知状态", "unknown status")),
        (ReplayOutcome::DeadAgain, Tone::Bad, say("再次成为死信", "dead again")),
        (ReplayOutcome::Retrying, Tone::Warn, say("在重试队列", "in a retry tier")),
        (ReplayOutcome::Waiting, Tone::Warn, say("还没轮到", "no worker yet")),
    ];
    let counted = counted.map(|(outcome, tone, words)| (wait.count(outcome), tag(tone, words)));
    html! {
        div.card { table {
            @for (count, words) in counted.into_iter().filter(|(count, _)| *count > 0) {
                tr { td.n { (count) } td { (words) } }
            }
            @for (reason, count) in wait.reasons() {
                tr { td.n { (count) } td { (reason) } }
            }
        } }
    }
}

/// How many were moved, their outcome, and why not all.
#[derive(Default)]
struct Moved {
    count: usize,
    /// Letters of messages that killed workers.
    left_out: usize,
    outcomes: Option<ReplayWait>,
    failure: Option<Failure>,
}

/// Walks, and records who had what done.
async fn recorded_walk(
    console: &Console,
    selection: &Selection,
    action: LetterAction,
    by: &str,
    note: Option<&str>,
) -> Result<Moved, Failure> {
    let recorded_as = match action {
        LetterAction::Replayed => OperatorAction::ReplayLetters,
        LetterAction::Discarded => OperatorAction::DiscardLetters,
        LetterAction::Restored => OperatorAction::RestoreLetters,
    };
    let act = letter_act(Actor::of_console(by), recorded_as, &selection.letters(), note);
    let record = console.begin(act).await?;
    let moved = walk(console, selection, action, by, note).await;
    let mut change = Change::default();
    change.to(json!({ "letters": moved.count }));
    let ended = moved.failure.clone().map_or(Ok(()), Err);
    console.end(record, change, &ended).await;
    Ok(moved)
}

async fn walk(
    console: &Console,
    selection: &Selection,
    action: LetterAction,
    by: &str,
    note: Option<&str>,
) -> Moved {
    let failed = |failure| Moved { failure: Some(failure), ..Moved::default() };
    let turn = match console.at_letters().await {
        Ok(turn) => turn,
        Err(failure) => return failed(failure),
    };
    // Without a database there is no record of the act, so no letter is moved.
    let mut database = match console.pool.get() {
        Ok(database) => database,
        Err(error) => return failed(error.into()),
    };
    let config = &console.config;
    let cluster = console.broker();
    if action == LetterAction::Discarded {
        let selected = SelectedLetters { even_if_poison: true, ..selection.letters() };
        let letters = match block_in_place(|| selected.read(&mut database)) {
            Ok(letters) => letters,
            Err(error) => return failed(error.into()),
        };
        let ids: BTreeSet<&str> = letters.ids().collect();
        let wanted = |received: &ReceivedMessage| ids.contains(received.message_id.as_str());
        let (note, mut copies) = (DiscardNote { by, why: note }, BTreeMap::new());
        let walked = discard(cluster, &mut database, config, note, wanted, &mut copies).await;
        return Moved { count: copies.values().sum(), failure: walked.err(), ..Moved::default() };
    }
    let wait = Some(ReplayWait::new(config));
    let replayed = BTreeMap::new();
    let mut replay = Replay { cluster, config, database, by, note, wait, replayed };
    let letters = match block_in_place(|| selection.letters().read(&mut replay.database)) {
        Ok(letters) => letters,
        Err(error) => return failed(error.into()),
    };
    let walked = replay.walk(usize::MAX, &letters).await;
    drop(turn);
    let waited = replay.wait().await;
    let (outcomes, waited) = match waited {
        Ok(outcomes) => (outcomes, Ok(())),
        Err(failure) => (None, Err(failure)),
    };
    Moved {
        count: replay.replayed.values().sum(),
        left_out: letters.left_out.letters,
        outcomes,
        failure: walked.and(waited).err(),
    }
}

//! Replay, discard and restoring of dead letters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use order::{LetterAction, OperatorAction};
use queue::ReceivedMessage;
use serde_json::json;
use service::language::{Language, say};
use store::Connection;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::timeout;

use super::address::{address, link};
use super::dry_run::dry_run;
use super::letter_query::SelectedOnPage;
use super::page::{Menu, Page, problem, usage};
use super::person::{name, note};
use super::request::{Fields, PostedForm};
use super::results::redirect;
use super::tag::{Tone, tag};
use super::{Console, Shared};
use crate::failure::Failure;
use crate::operations::action_record::{Actor, Change};
use crate::operations::dead_letter::discard::{DiscardNote, discard};
use crate::operations::dead_letter::note::{NoteOn, add_note};
use crate::operations::dead_letter::ramp::{Ramp, RampProgress};
use crate::operations::dead_letter::replay::Replay;
use crate::operations::dead_letter::replay_selected::{RampResult, ReplayOutcomes, replay_by_ramp};
use crate::operations::dead_letter::restore::restore;
use crate::operations::dead_letter::selection::SelectedLetters;
use crate::operations::letter_acts::letter_act;

/// How long a form waits for its act. A longer one goes on, and its page shows how far it has come.
pub(super) const SHORT: Duration = Duration::from_secs(10);

/// The page of an act that goes on is loaded again after so many seconds.
pub(super) const REFRESH: u32 = 2;

/// The form below dead letters, with one of its buttons.
pub(super) async fn act(
    State(console): Shared,
    PostedForm(form): PostedForm,
) -> Result<Response, Failure> {
    let selection = SelectedOnPage::read(&form)?;
    let action = match form.get("act") {
        "dry_run" => return dry_run(&console, selection).await,
        "replay" => LetterAction::Replayed,
        "discard" => LetterAction::Discarded,
        "restore" => LetterAction::Restored,
        "note" => return note_on(&console, &selection, NoteOn::Letter, &form).await,
        "note_group" => return note_on(&console, &selection, NoteOn::Group, &form).await,
        _ => return Err(usage("没有这个操作", "no such button")),
    };
    let (note, by) = (note(&form)?, name(&form)?);
    if action == LetterAction::Discarded && note.is_empty() {
        return Err(usage("丢弃时必须写原因", "to discard a letter say why"));
    }
    let note = Some(note).filter(|note| !note.is_empty());
    let letters = LettersMoved { selection, action, by, note };
    Ok(letters.move_them(&console).await?.into_response())
}

/// Replays letters by the ramp, and leads to a page that says how far it has come.
pub(super) async fn replay_letters(
    console: &Arc<Console>,
    selection: SelectedOnPage,
    by: String,
    note: String,
) -> Result<Redirect, Failure> {
    let (action, note) = (LetterAction::Replayed, Some(note));
    LettersMoved { selection, action, by, note }.move_them(console).await
}

/// Adds a note, and leads back to the letter.
async fn note_on(
    console: &Arc<Console>,
    selection: &SelectedOnPage,
    on: NoteOn,
    form: &Fields,
) -> Result<Response, Failure> {
    let (text, by, selected) = (note(form)?, name(form)?, selection.letters());
    if text.is_empty() {
        return Err(usage("备注不能为空", "write the note first"));
    }
    let Some(id) = selected.search.ids.first().cloned() else {
        return Err(usage("没有勾选任何死信", "no letter is ticked"));
    };
    let actor = Actor::of_console(&by);
    let act = letter_act(actor, OperatorAction::NoteLetters, &selected, Some(&text));
    let letter = address("/dead-letters/", &id);
    let console = Arc::clone(console);
    Console::to_its_end(async move {
        let record = console.begin(act).await?;
        let add = move |connection: &mut Connection| add_note(connection, &id, on, &text, &by);
        let added = console.database(add).await;
        let mut change = Change::default();
        change.to(json!({ "group": on == NoteOn::Group }));
        console.end(record, change, &added).await;
        added
    })
    .await?;
    Ok(Redirect::to(&letter).into_response())
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

/// What an operator does with which letters.
struct LettersMoved {
    selection: SelectedOnPage,
    action: LetterAction,
    by: String,
    note: Option<String>,
}

/// How many were moved, their outcome, and why not all.
#[derive(Default)]
struct Moved {
    count: usize,
    /// Letters of messages that killed workers.
    left_out: usize,
    ramp: RampResult,
    failure: Option<Failure>,
}

impl LettersMoved {
    /// Does it, and leads to a page that says how many, or how far it has come.
    async fn move_them(self, console: &Arc<Console>) -> Result<Redirect, Failure> {
        let (by, selected) = (Actor::of_console(&self.by), self.selection.letters());
        let act = letter_act(by, recorded_as(self.action), &selected, self.note.as_deref());
        let record = console.begin(act).await?;
        let page = under_way(self.action, &RampProgress::default());
        let ticket = console.results.begin(Menu::DeadLetters, page);
        let (shared, at) = (Arc::clone(console), ticket.clone());
        let (runtime, language) = (Handle::current(), Language::here());
        // The walk blocks on the database between two answers of the broker, so it runs on a blocking thread. It goes
        // on when the browser disconnects.
        let act = tokio::task::spawn_blocking(move || {
            runtime.block_on(language.scope(async {
                let moved = self.walk(&shared, &at).await;
                let mut change = Change::default();
                change.to(json!({ "letters": moved.count }));
                let ended = moved.failure.clone().map_or(Ok(()), Err);
                shared.end(record, change, &ended).await;
                let failure = moved.failure.clone().filter(|_| moved.count == 0);
                let page = failure.as_ref().map_or_else(|| self.result(&moved), problem);
                shared.results.replace(&at, page);
                failure
            }))
        });
        match timeout(SHORT, act).await {
            Err(_) | Ok(Ok(None)) => Ok(redirect(&ticket)),
            Ok(Ok(Some(failure))) => Err(failure),
            Ok(Err(error)) => {
                Err(Failure::CouldNotAsk(format!("the action on the dead letters failed: {error}")))
            }
        }
    }

    async fn walk(&self, console: &Console, ticket: &str) -> Moved {
        let mut moved = Moved::default();
        let walked = async {
            let _turn = console.at_letters().await?;
            // Without a database there is no record of the act, so no letter is moved.
            let database = block_in_place(|| console.pool.get())?;
            match self.action {
                LetterAction::Replayed => self.replay(console, database, ticket, &mut moved).await,
                LetterAction::Discarded => self.discard(console, database, &mut moved).await,
                LetterAction::Restored => self.restore(console, database, &mut moved).await,
            }
        }
        .await;
        moved.failure = walked.err();
        moved
    }

    async fn replay(
        &self,
        console: &Console,
        mut database: Connection,
        ticket: &str,
        moved: &mut Moved,
    ) -> Result<(), Failure> {
        let letters = block_in_place(|| self.selection.letters().read(&mut database))?;
        moved.left_out = letters.left_out.letters;
        let mut replay = Replay {
            cluster: console.broker(),
            config: &console.config,
            database,
            by: &self.by,
            note: self.note.as_deref(),
            wait: None,
            rate: None,
            replayed: BTreeMap::new(),
        };
        let (ramp, result) = (Ramp::default(), &mut moved.ramp);
        let ended = replay_by_ramp(&mut replay, &letters, usize::MAX, ramp, result, |progress| {
            console.results.replace(ticket, under_way(self.action, progress));
        })
        .await;
        moved.count = replay.letters();
        ended
    }

    async fn discard(
        &self,
        console: &Console,
        mut database: Connection,
        moved: &mut Moved,
    ) -> Result<(), Failure> {
        let selected = SelectedLetters { even_if_poison: true, ..self.selection.letters() };
        let letters = block_in_place(|| selected.read(&mut database))?;
        let ids: BTreeSet<&str> = letters.ids().collect();
        let wanted = |received: &ReceivedMessage| ids.contains(received.message_id.as_str());
        let note = DiscardNote { by: &self.by, why: self.note.as_deref() };
        let (cluster, config, mut copies) = (console.broker(), &console.config, BTreeMap::new());
        let ended = discard(cluster, &mut database, config, note, wanted, &mut copies).await;
        moved.count = copies.values().sum();
        ended
    }

    async fn restore(
        &self,
        console: &Console,
        mut database: Connection,
        moved: &mut Moved,
    ) -> Result<(), Failure> {
        let (ids, note) = (&self.selection.letters().search.ids, self.note.as_deref());
        let result = restore(console.broker(), &mut database, ids, &self.by, note).await?;
        moved.count = result.restored;
        result.ended
    }

    /// The page of an act that is over.
    fn result(&self, moved: &Moved) -> Page {
        let Moved { count, left_out, ramp, failure } = moved;
        let done = match self.action {
            LetterAction::Replayed => {
                say("条死信已送回工作队列，并已记录。", "letters went back to work.")
            }
            LetterAction::Discarded => say(
                "条死信已丢弃，内容保留在记录里。",
                "letters were discarded; the record keeps them.",
            ),
            LetterAction::Restored => {
                say("条死信已放回队列，并已记录。", "letters are in their queue again.")
            }
        };
        let body = html! {
            (left_out_warning(*left_out))
            @if let Some(failure) = failure {
                div.box.bad {
                    b { (say("没有全部完成", "Not all was done")) }
                    pre { (failure.to_string()) }
                }
            }
            @if let Some(stop) = ramp.progress.stopped {
                div.box.bad {
                    b { (say("已自动停止", "It stopped by itself")) }
                    p { (say(stop.chinese(), stop.words())) }
                }
            }
            div.box.good { b { (count) } " " (done) }
            @if let Some(outcomes) = &ramp.outcomes { (outcome_counts(outcomes)) }
            (steps(&ramp.progress))
            @if *count == 0 && *left_out == 0 && failure.is_none() {
                p.note { (say("可能别人已经处理了。", "Another person may have acted first.")) }
            }
            p.pages { (link(&self.selection.address(), say("« 返回死信", "Back to the letters"))) }
        };
        let status = match failure {
            Some(_) => StatusCode::SERVICE_UNAVAILABLE,
            None => StatusCode::OK,
        };
        Page { status, ..Page::new(title(self.action), body) }
    }
}

fn recorded_as(action: LetterAction) -> OperatorAction {
    match action {
        LetterAction::Replayed => OperatorAction::ReplayLetters,
        LetterAction::Discarded => OperatorAction::DiscardLetters,
        LetterAction::Restored => OperatorAction::RestoreLetters,
    }
}

fn title(action: LetterAction) -> &'static str {
    match action {
        LetterAction::Replayed => say("重放", "Replay"),
        LetterAction::Discarded => say("丢弃", "Discard"),
        LetterAction::Restored => say("恢复", "Restore"),
    }
}

/// The page of an act that goes on.
fn under_way(action: LetterAction, progress: &RampProgress) -> Page {
    let body = html! {
        div.box role="status" {
            b { (say("正在进行", "Under way")) }
            p {
                (say(
                    "关闭本页不会中断。重放按 1、10、100、1000 条逐步进行，每一步都等 worker 处理完。",
                    "It goes on when you leave this page. A replay sends 1 letter, 10, 100, then 1,000 at a time, and \
                     waits for the workers after each step.",
                ))
            }
        }
        (steps(progress))
    };
    Page { refresh: Some(REFRESH), ..Page::new(title(action), body) }
}

/// The steps of a ramp.
fn steps(progress: &RampProgress) -> Markup {
    html! {
        @if !progress.steps.is_empty() {
            div.card { table {
                @for (at, step) in progress.steps.iter().enumerate() {
                    tr {
                        td.n { (at + 1) }
                        td { (say("送回 ", "sent back ")) (step.letters) }
                        td { (say("再次失败 ", "died again ")) (step.dead_again) }
                    }
                }
            } }
        }
    }
}

/// The outcome of replayed letters.
fn outcome_counts(outcomes: &ReplayOutcomes) -> Markup {
    let counted = [
        (outcomes.applied, Tone::Good, say("已生效", "applied")),
        (outcomes.unchanged, Tone::Plain, say("无变化", "changed nothing")),
        (outcomes.unknown, Tone::Warn, say("未知状态", "unknown status")),
        (outcomes.dead_again, Tone::Bad, say("再次成为死信", "dead again")),
        (outcomes.retrying, Tone::Warn, say("在重试队列", "in a retry tier")),
        (outcomes.waiting, Tone::Warn, say("还没轮到", "no worker yet")),
    ];
    let counted = counted.into_iter().filter(|(count, ..)| *count > 0);
    html! {
        div.card { table {
            @for (count, tone, words) in counted {
                tr { td.n { (count) } td { (tag(tone, words)) } }
            }
            @for (reason, count) in &outcomes.dead_again_by_reason {
                tr { td.n { (count) } td { (reason) } }
            }
        } }
    }
}

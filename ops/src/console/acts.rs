//! Dry run, replay and discard of dead letters.

use service::html::Html;
use service::language::say;
use std::sync::Arc;

use queue::Received;
use store::dead_letter::history::Action;
use tokio::runtime::Handle;

use super::Console;
use super::address::address;
use super::answer::Answer;
use super::cohort::Selection;
use super::layout::{Page, nothing};
use super::letters::act_fields;
use super::list::{Column, list};
use super::request::{Asked, Parameters};
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::dead_letter::aftermath::{Aftermath, Fate};
use crate::operations::dead_letter::deadly::{LeftOut, is_deadly};
use crate::operations::dead_letter::discard::discard;
use crate::operations::dead_letter::record::record;
use crate::operations::dead_letter::rehearsal::Rehearsal;
use crate::operations::dead_letter::replay::{Step, dead_since, replay};
use crate::operations::dead_letter::{DeadLetter, short};
use crate::operations::dry_run::{Foreseen, Source, because, foresee};

/// Letters of a dry run that are listed.
const LISTED: usize = 500;

/// The longest name and note.
const LONGEST_NAME: usize = 255;
const LONGEST_NOTE: usize = 1000;

/// A button below dead letters.
pub(super) async fn act(console: &Arc<Console>, asked: &Asked) -> Result<Answer, Failure> {
    let form = &asked.form;
    let selection = Selection::read(form)?;
    match form.get("act") {
        "dry_run" => {
            let page = dry_run(console, selection).await?;
            Ok(page.answer(console.remote))
        }
        "replay" => {
            let (by, note) = (name(form)?, note(form)?);
            let note = Some(note).filter(|note| !note.is_empty());
            move_letters(console, selection, Action::Replayed, by, note).await
        }
        "discard" => {
            let (by, note) = (name(form)?, note(form)?);
            if note.is_empty() {
                let text = say("丢弃时必须写原因", "to discard a letter say why");
                return Err(Failure::Usage(text.to_owned()));
            }
            move_letters(console, selection, Action::Discarded, by, Some(note)).await
        }
        _ => Err(Failure::Usage(say("没有这个操作", "no such button").to_owned())),
    }
}

/// Who does it. The console has no login, so the name is what somebody writes.
pub(super) fn name(form: &Parameters) -> Result<String, Failure> {
    match form.get("by") {
        "" => Err(Failure::Usage(say("请写姓名", "say who you are").to_owned())),
        by if by.chars().count() > LONGEST_NAME => Err(Failure::Usage(format!(
            "{}: {LONGEST_NAME}",
            say("姓名太长，最多的字数", "the name is too long; the most characters")
        ))),
        by => Ok(by.to_owned()),
    }
}

/// Why; may be empty.
pub(super) fn note(form: &Parameters) -> Result<String, Failure> {
    let note = form.get("note");
    if note.chars().count() > LONGEST_NOTE {
        let said = say("原因太长，最多的字数", "the note is too long; the most characters");
        let text = format!("{said}: {LONGEST_NOTE}");
        return Err(Failure::Usage(text));
    }
    Ok(note.to_owned())
}

async fn dry_run(console: &Console, selection: Selection) -> Result<Page, Failure> {
    let turn = console.at_letters().await?;
    let deadly = LeftOut::default();
    let wanted = |letter: &Received| takes(&selection, &DeadLetter::from(letter), &deadly);
    let Rehearsal { letters, meant, looked } =
        Rehearsal::read(console.broker(), usize::MAX, wanted).await?;
    drop(turn);
    let left_out = meant - letters.len();
    let config = console.config.clone();
    let foreseen = console
        .database(move |connection| foresee(connection, &config, letters, Source::Queue))
        .await?;
    let count = |outcome: &str| foreseen.iter().filter(|one| one.outcome == outcome).count();
    let mut body = Html::new();
    body = body.html(told_left_out(deadly.letters()));
    if foreseen.is_empty() && deadly.letters() > 0 {
        return Ok(Page::new("/dead-letters", say("试运行", "Dry run"), body));
    }
    if foreseen.is_empty() {
        body = body
            .html(nothing(say("这些死信已经不在了。", "None of these letters is there any more.")));
        return Ok(Page::new("/dead-letters", say("试运行", "Dry run"), body));
    }
    if left_out > 0 || looked.at < looked.of {
        body = body
            .raw("<div class=\"box warn\">")
            .raw(say("没有全部试运行。看过的死信：", "Not all were tried. Letters looked at: "))
            .shown(looked.at)
            .raw(" / ")
            .shown(looked.of)
            .raw(say("；符合条件但没有试的：", "; that match and were not tried: "))
            .shown(left_out)
            .raw("</div>\n");
    }
    body = body
        .raw("<div class=\"box good\">")
        .raw(say("没有改变任何东西。", "Nothing was changed."))
        .raw("<p>")
        .raw(say("通知：", "Notifications: "))
        .shown(foreseen.len())
        .raw(say("；会生效：", "; would be applied: "))
        .raw("<b>")
        .shown(count("applied"))
        .raw("</b>")
        .raw(say("；无变化：", "; would change nothing: "))
        .raw("<b>")
        .shown(count("unchanged"))
        .raw("</b>")
        .raw(say("；会再次失败：", "; would die again: "))
        .raw("<b>")
        .shown(count("rejected"))
        .raw("</b></p></div>\n")
        .html(list(
            [
                Column::text("死信", "Letter"),
                Column::text("订单", "Order"),
                Column::text("结果", "Outcome"),
                Column::text("变化或原因", "Change or reason"),
            ],
            foreseen.iter().take(LISTED).map(row),
        ))
        .raw("<h2>")
        .raw(say("现在", "And now"))
        .raw("</h2><div class=\"card\">")
        .raw("<form method=\"post\" action=\"/dead-letters\">")
        .html(console.guard.field())
        .html(selection.fields())
        .html(act_fields())
        .raw("</form></div><p class=\"pages\">")
        .link(&selection.address(), say("« 返回", "Back"))
        .raw("</p>");
    Ok(Page::new("/dead-letters", say("试运行", "Dry run"), body))
}

fn row(one: &Foreseen) -> Html {
    let (tone, word) = match one.outcome.as_str() {
        "applied" => (Tone::Good, say("会生效", "applied")),
        "unchanged" => (Tone::Plain, say("无变化", "unchanged")),
        "unknown" => (Tone::Warn, say("未知状态", "unknown status")),
        "rejected" => (Tone::Bad, say("会再次失败", "dies again")),
        "no_order_yet" => (Tone::Warn, say("订单未到", "no order yet")),
        "locked" => (Tone::Warn, say("订单正被处理", "locked now")),
        other => (Tone::Plain, other),
    };
    let short = short(&one.id);
    let mut row = Html::new().raw("<tr><td class=\"id mono\">");
    row = row.link(&address("/dead-letters/", &one.id), &short).raw("</td><td class=\"id\">");
    if let Some(order) = &one.order {
        row = row.link(&address("/orders/", order), order);
    }
    row.raw("</td>").cell_of(tag(tone, word)).cell(&because(one)).raw("</tr>\n")
}

/// Whether a letter is meant and may be replayed; notes those that may not.
fn takes(selection: &Selection, letter: &DeadLetter, deadly: &LeftOut) -> bool {
    let meant = selection.takes(letter);
    if meant && is_deadly(letter) {
        deadly.add(&letter.id);
        return false;
    }
    meant
}

/// What is said of letters that killed workers.
fn told_left_out(letters: usize) -> Html {
    if letters == 0 {
        return Html::new();
    }
    Html::new()
        .raw("<div class=\"box warn\"><b>")
        .shown(letters)
        .raw("</b> ")
        .raw(say(
            "条死信没有重放：这些消息使 worker 崩溃过（kills_workers），重放会再次崩溃。处理办法见 \
             docs/troubleshooting.zh-CN.md；确实要试，用 ops dlq replay --even-if-it-kills-workers。",
            "left out: their messages killed workers, and a replay kills them again. See kills_workers in \
             docs/troubleshooting.md; to try it all the same use ops dlq replay --even-if-it-kills-workers.",
        ))
        .raw("</div>\n")
}

/// Replays or discards, and leads to a page that says how many.
async fn move_letters(
    console: &Arc<Console>,
    selection: Selection,
    action: Action,
    by: String,
    note: Option<String>,
) -> Result<Answer, Failure> {
    let back = selection.address();
    let shared = Arc::clone(console);
    let runtime = Handle::current();
    // The walk writes into the database between two answers of the broker, on a thread that may wait. It goes
    // on when the browser hangs up.
    let walked = tokio::task::spawn_blocking(move || {
        runtime.block_on(walk(&shared, &selection, action, &by, note.as_deref()))
    });
    let Moved { count, left_out, fates, failure } = walked
        .await
        .map_err(|error| Failure::CouldNotAsk(format!("the walk has ended: {error}")))?;
    let mut body = told_left_out(left_out);
    if let Some(failure) = &failure {
        let said = failure.to_string();
        body = body
            .raw("<div class=\"box bad\"><b>")
            .raw(say("没有全部完成", "Not all was done"))
            .raw("</b><pre>");
        body = body.text(&said).raw("</pre></div>");
    }
    let (title, done) = match action {
        Action::Replayed => (
            say("重放", "Replay"),
            say("条死信已送回工作队列，并记录在案。", "letters went back to work."),
        ),
        Action::Discarded => (
            say("丢弃", "Discard"),
            say(
                "条死信已丢弃，内容保留在记录里。",
                "letters were discarded; the record keeps them.",
            ),
        ),
    };
    body =
        body.raw("<div class=\"box good\"><b>").shown(count).raw("</b> ").raw(done).raw("</div>");
    if let Some(fates) = &fates {
        body = body.html(told(fates));
    }
    if count == 0 && left_out == 0 && failure.is_none() {
        body = body
            .raw("<p class=\"note\">")
            .raw(say("可能别人已经处理了。", "Somebody else may have been first."))
            .raw("</p>");
    }
    body = body
        .raw("<p class=\"pages\">")
        .link(&back, say("« 返回死信", "Back to the letters"))
        .raw("</p>");
    let mut page = Page::new("/dead-letters", title, body);
    if let Some(failure) = failure {
        if count == 0 {
            return Err(failure);
        }
        page.status = hyper::StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(console.results.keep(page))
}

/// What became of replayed letters.
fn told(aftermath: &Aftermath) -> Html {
    let counted = [
        (Fate::Applied, Tone::Good, say("已生效", "applied")),
        (Fate::Unchanged, Tone::Plain, say("无变化", "changed nothing")),
        (Fate::Unknown, Tone::Warn, say("未知状态", "unknown status")),
        (Fate::DeadAgain, Tone::Bad, say("又成死信", "dead again")),
        (Fate::Retrying, Tone::Warn, say("在重试队列", "in a retry tier")),
        (Fate::Waiting, Tone::Warn, say("还没轮到", "no worker yet")),
    ];
    let mut html = Html::new().raw("<div class=\"card\"><table>");
    for (fate, tone, words) in counted {
        let count = aftermath.count(fate);
        if count > 0 {
            let row = Html::new().raw("<tr>").number(count).cell_of(tag(tone, words));
            html = html.html(row.raw("</tr>\n"));
        }
    }
    for (reason, count) in aftermath.reasons() {
        let row = Html::new().raw("<tr>").number(count).cell(&reason);
        html = html.html(row.raw("</tr>\n"));
    }
    html.raw("</table></div>")
}

/// How many were moved, what became of them, and why not all.
#[derive(Default)]
struct Moved {
    count: usize,
    /// Letters of messages that killed workers.
    left_out: usize,
    fates: Option<Aftermath>,
    failure: Option<Failure>,
}

async fn walk(
    console: &Console,
    selection: &Selection,
    action: Action,
    by: &str,
    note: Option<&str>,
) -> Moved {
    let failed = |failure| Moved { failure: Some(failure), ..Moved::default() };
    let turn = match console.at_letters().await {
        Ok(turn) => turn,
        Err(failure) => return failed(failure),
    };
    // What cannot be put on record is not moved.
    let mut database = match console.pool.get() {
        Ok(database) => database,
        Err(error) => return failed(error.into()),
    };
    let deadly = LeftOut::default();
    let mut count = 0;
    let cluster = console.broker();
    if action == Action::Discarded {
        let mut done = |round: &[&Received]| {
            record(&mut database, &console.config, action, round, by, note)?;
            count += round.len();
            Ok(())
        };
        let wanted = |received: &Received| selection.takes(&DeadLetter::from(received));
        let walked = discard(cluster, wanted, &mut done).await;
        return Moved { count, failure: walked.err(), ..Moved::default() };
    }
    let mut aftermath = Aftermath::new(&console.config);
    let mut told = |step: Step, round: &[&Received]| {
        if step == Step::Before {
            return Ok(aftermath.before(&mut database, round)?);
        }
        record(&mut database, &console.config, action, round, by, note)?;
        aftermath.published(round);
        count += round.len();
        Ok(())
    };
    let wanted = |it: &Received| takes(selection, &DeadLetter::from(it), &deadly);
    let walked = replay(cluster, usize::MAX, wanted, &mut told).await;
    drop(turn);
    let runtime = Handle::current();
    let waited = aftermath.wait(&mut database, |since, ids| {
        tokio::task::block_in_place(|| runtime.block_on(dead_since(cluster, since, ids)))
    });
    Moved {
        count,
        left_out: deadly.letters(),
        fates: Some(aftermath).filter(|_| count > 0),
        failure: walked.and(waited).err(),
    }
}

//! `/dead-letters`: what needs a person, grouped by cause or one by one.

use axum::extract::State;
use chrono::{TimeDelta, Utc};
use maud::{Markup, html};
use order::LetterAction;
use service::language::say;
use service::page::Column;
use store::BeijingTime;
use store::dead_letter::{self, LetterSearch, history};

use super::address::{address, at, link, order_link};
use super::chart::{Bar, bars};
use super::letter_query::{LetterQuery, TICKED};
use super::page::{Page, nothing, table};
use super::request::QueryString;
use super::right::Right;
use super::tag::{Tone, tag};
use super::{Console, Shared, person, user};
use crate::failure::Failure;
use crate::operations::dead_letter::REASON_MISSING;
use crate::operations::dead_letter::group::{self, Group};
use crate::operations::dead_letter::list::mark_settled;
use crate::operations::dead_letter::sync::{QueueDifference, difference};
use crate::operations::dead_letter::{DeadLetter, short};

/// Letters on a page, each with a box to tick; a form has at most 256 fields.
const LISTED: usize = 100;
/// Hours that the chart shows: three days.
const HOURS: u16 = 72;
/// Acts of operators that are listed.
const ACTS: i64 = 10;

/// A page of letters.
struct LetterPage {
    letters: Vec<DeadLetter>,
    /// How many match, with their copies.
    matching: i64,
    /// How many ids match.
    ids: i64,
    /// The number of the page, from 1.
    number: i64,
}

const LETTERS: Column = Column::number("条数", "Letters");
const ORDERS: Column = Column::number("订单", "Orders");
const RETRIES: Column = Column::number("重试", "Retries");

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let mut filter = LetterQuery::read(&query);
    let all = console
        .database(|connection| Ok(dead_letter::count(connection, &LetterSearch::default())?))
        .await?;
    let differs = queue_differs(&console, all.letters).await;
    if query.get("view") == "flat" || !filter.is_everything() {
        // An act on all that match is about the letters of this moment, on every page of the list.
        filter.0.until = filter.0.until.or(all.last_died_at);
        let number = query.get("page").parse().unwrap_or(1).max(1);
        let page = page(&console, &filter, number).await?;
        let body = html! { (differs) (flat_list(&console, &filter, &page)) };
        return Ok(Page::new(say("死信列表", "Dead letters one by one"), body));
    }
    let (found, hours, acts) = console
        .database(|connection| {
            let all = LetterSearch::default();
            let hours = dead_letter::by_hour(connection, &all, HOURS)?;
            let found = group::groups(connection, &all)?;
            Ok((found, hours, history::list(connection, None, ACTS)?))
        })
        .await?;
    let body = html! {
        (differs)
        (deaths(&hours))
        (groups(&found))
        h2 { (say("最近的处理", "What operators did")) }
        (history(&acts))
    };
    Ok(Page::new(say("死信", "Dead letters"), body))
}

async fn page(console: &Console, filter: &LetterQuery, number: i64) -> Result<LetterPage, Failure> {
    let (search, config) = (filter.0.clone(), console.config.clone());
    let read = move |connection: &mut store::Connection| {
        let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
        let rows = dead_letter::list(connection, &search, (number - 1) * most, most)?;
        let count = dead_letter::count(connection, &search)?;
        let mut letters: Vec<DeadLetter> = rows.iter().map(DeadLetter::from).collect();
        mark_settled(connection, &config, &mut letters)?;
        Ok(LetterPage { letters, matching: count.letters, ids: count.ids, number })
    };
    console.database(read).await
}

/// When the letters died.
fn deaths(hours: &[i64]) -> Markup {
    let now = Utc::now();
    let hour = |(at, value): (usize, &i64)| {
        let ago = TimeDelta::hours(i64::try_from(hours.len() - at).unwrap_or_default());
        Bar { title: BeijingTime(now - ago).to_string(), value: Some(*value) }
    };
    let drawn: Vec<Bar> = hours.iter().enumerate().map(hour).collect();
    let from = drawn.first().map(|bar| bar.title.clone()).unwrap_or_default();
    let label = say("每小时的死信", "Dead letters by the hour");
    bars(label, &drawn, &from, say("现在", "now"))
}

/// A warning, where the queue has another number of letters than their rows. The rows are shown also while there is no
/// broker to ask.
async fn queue_differs(console: &Console, rows: i64) -> Markup {
    let difference = difference(console.broker(), rows).await.ok().flatten();
    html! {
        @if let Some(QueueDifference { ready, rows }) = difference {
            div.box.warn {
                (say("队列中的死信数与记录不一致：队列 ", "The queue has another number of letters than this page: in the queue "))
                (ready) (say("，记录 ", ", here ")) (rows)
                (say(
                    "。可能有人正在处理，或其他工具动过队列；用 ops dlq sync 校正记录。",
                    ". Somebody is working on them, or another tool has put in or taken out some; ops dlq sync corrects this page.",
                ))
            }
        }
    }
}

fn groups(groups: &[Group]) -> Markup {
    if groups.is_empty() {
        return nothing(say("没有死信，一切正常。", "There are no dead letters."));
    }
    let columns = [
        LETTERS,
        ORDERS,
        Column::text("原因", "Reason"),
        Column::text("错误", "Error"),
        Column::text("最早", "First died"),
        Column::text("最近", "Last died"),
    ];
    html! {
        p.note {
            (say(
                "同一原因的归为一组，错误里的编号和时间写作 #。先排除原因，再试运行，再重放。",
                "One line per cause; # stands for numbers and times. \
                 Remove the cause, then dry run, then replay. ",
            ))
            (link(&at("/dead-letters?view=flat"), say("逐条查看", "One by one")))
        }
        (table(columns, groups.iter().map(group_row)))
    }
}

fn group_row(group: &Group) -> Markup {
    let reason = group.reason.as_deref().unwrap_or(REASON_MISSING);
    let mut filter = LetterQuery::of_reason(group.reason.as_deref());
    filter.0.fingerprint = Some(group.fingerprint.clone());
    let versions = &group.worker_versions;
    html! {
        tr {
            (LETTERS.cell(group.letters))
            (ORDERS.cell(group.orders))
            td.id { (link(&filter.address(), reason)) }
            td {
                (group.fingerprint)
                @if !versions.is_empty() { span.soft { "worker " (versions.join(", ")) } }
                @for note in &group.notes { span.soft { (note.noted_by) ": " (note.note) } }
            }
            (time(group.first_died))
            (time(group.last_died))
        }
    }
}

fn flat_list(console: &Console, filter: &LetterQuery, page: &LetterPage) -> Markup {
    let (chosen, matching) = (&page.letters, page.matching);
    let columns = [
        Column::NAMELESS,
        Column::text("死信", "Letter"),
        Column::text("原因与错误", "Reason and error"),
        Column::text("订单", "Order"),
        RETRIES,
        Column::text("死亡", "Died"),
    ];
    html! {
        (filter_bar(filter))
        @if chosen.is_empty() {
            (nothing(say("没有符合条件的死信。", "No dead letter matches.")))
        } @else {
            (pages(filter, page))
            form method="post" action=(at("/dead-letters")) {
                (console.guard.field())
                (filter.fields())
                (table(columns, chosen.iter().map(letter_row)))
                h2 { (say("处理", "What to do")) }
                div.card {
                    div.acts {
                        label {
                            input type="radio" name="which" value="ticked" checked;
                            (say("勾选的", "The ticked"))
                        }
                        label {
                            input type="radio" name="which" value="all";
                            (say("符合条件的全部：", "All that match:")) " " (matching)
                        }
                    }
                    (act_fields())
                }
            }
        }
    }
}

/// Links to the other pages of a list.
fn pages(filter: &LetterQuery, page: &LetterPage) -> Markup {
    let most = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let first = (page.number - 1) * most + 1;
    let last = first - 1 + i64::try_from(page.letters.len()).unwrap_or_default();
    let address = |number: i64| filter.page_address(number);
    html! {
        @if page.ids > most {
            p.pages {
                @if page.number > 1 { (link(&address(page.number - 1), say("« 上一页", "« Previous"))) " " }
                (first) "–" (last) " / " (page.ids)
                @if last < page.ids { " " (link(&address(page.number + 1), say("下一页 »", "Next »"))) }
            }
        }
    }
}

/// Name, note and buttons; the same on every page with letters.
pub(super) fn act_fields() -> Markup {
    if !user::may(Right::MoveLetters) {
        return user::may_not();
    }
    html! {
        div.acts {
            (person::fields(
                say("原因，丢弃时必填", "Why; needed to discard"), say("原因", "Why"), false,
            ))
        }
        div.acts {
            button.main name="act" value="dry_run" { (say("试运行", "Dry run")) }
            button name="act" value="replay" { (say("重放", "Replay")) }
            button.danger name="act" value="discard" { (say("丢弃", "Discard")) }
            span.note { (say("试运行不改变任何内容。", "A dry run changes nothing.")) }
        }
    }
}

fn filter_bar(filter: &LetterQuery) -> Markup {
    let words = [
        say("原因", "Reason"),
        say("错误", "Error"),
        say("订单", "Order"),
        say("交易号", "Trade"),
        say("商户", "Merchant"),
        say("包含文字", "Contains"),
    ];
    html! {
        form.bar method="get" action=(at("/dead-letters")) {
            input type="hidden" name="view" value="flat";
            @for ((name, value), words) in filter.pairs().into_iter().zip(words) {
                input name=(name) placeholder=(words) aria-label=(words) value=(value);
            }
            button { (say("筛选", "Filter")) }
            (link(&at("/dead-letters"), say("按原因分组", "By cause")))
        }
    }
}

fn letter_row(letter: &DeadLetter) -> Markup {
    let tick = format!("{TICKED}{}", letter.id);
    html! {
        tr {
            td { input type="checkbox" name=(tick) aria-label=(say("勾选", "Tick")); }
            td.id.mono { (letter_link(&letter.id)) }
            td {
                (tag(Tone::Bad, letter.reason.as_deref().unwrap_or(REASON_MISSING)))
                @if let Some(settled) = letter.settled {
                    " " (tag(Tone::Good, say("已了结", "settled")))
                    span.soft { (say(settled.chinese(), settled.words())) }
                }
                span.soft { (letter.error.as_deref().unwrap_or_default()) }
            }
            td.id {
                @if let Some(order) = &letter.order { (order_link(order)) }
                span.soft { (letter.merchant.as_deref().unwrap_or_default()) }
            }
            (RETRIES.cell(letter.attempts))
            (time(letter.died_at))
        }
    }
}

/// A link to a letter's page.
pub(super) fn letter_link(id: &str) -> Markup {
    link(&address("/dead-letters/", id), &short(id))
}

/// What operators did, the latest first.
pub(super) fn history(acts: &[history::HistoryRow]) -> Markup {
    if acts.is_empty() {
        return nothing(say("还没有人处理过。", "Nobody has replayed or discarded a letter yet."));
    }
    let columns = [
        Column::text("时间", "When"),
        Column::text("动作", "What"),
        Column::text("死信", "Letter"),
        Column::text("谁", "Who"),
        Column::text("订单", "Order"),
        Column::text("原因", "Why"),
    ];
    let rows = acts.iter().map(|act| {
        let (tone, word) = match act.action {
            LetterAction::Replayed => (Tone::Blue, say("重放", "replayed")),
            LetterAction::Discarded => (Tone::Warn, say("丢弃", "discarded")),
            LetterAction::Restored => (Tone::Plain, say("恢复", "restored")),
        };
        html! {
            tr {
                (time(Some(act.done_at)))
                td { (tag(tone, word)) }
                td.id.mono { (letter_link(&act.message_id)) }
                td { (act.done_by) }
                td.id { @if let Some(order) = &act.order_id { (order_link(order)) } }
                td { (act.note.as_deref().unwrap_or_default()) }
            }
        }
    });
    table(columns, rows)
}

/// `<td>` with a time, or an empty one.
fn time(at: Option<BeijingTime>) -> Markup {
    html! { td.t { (at.map(|at| at.to_string()).unwrap_or_default()) } }
}

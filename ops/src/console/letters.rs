//! `/dead-letters`: what needs a person, grouped by cause or one by one.

use axum::extract::State;
use maud::{Markup, html};
use queue::ReceivedMessage;
use service::language::say;
use service::page::Column;
use store::BeijingTime;
use store::dead_letter::history;

use super::act::Act;
use super::address::{address, link, order_link};
use super::letter_query::{LetterQuery, REASON_MISSING, TICKED};
use super::page::{Page, away, nothing, table};
use super::request::QueryString;
use super::tag::{Tone, tag};
use super::{Console, Shared, person, user};
use crate::failure::Failure;
use crate::operations::dead_letter::group::{Group, Grouping};
use crate::operations::dead_letter::list::first_to_die;
use crate::operations::dead_letter::settled::settled;
use crate::operations::dead_letter::{DeadLetter, short};
use crate::operations::dead_queue::{Looked, look_at_letters};

/// The most letters that are read, which takes a few seconds.
const LOOKED: u32 = 100_000;
/// Letters with a box to tick; a form has at most 256 fields.
const LISTED: usize = 200;
/// Acts of operators that are listed.
const ACTS: i64 = 10;

/// What was read of the queue.
struct LettersRead {
    /// All of them, by cause.
    groups: Vec<Group>,
    /// The first of those that match, sorted by death.
    chosen: Vec<DeadLetter>,
    /// Their messages, in the same order.
    messages: Vec<ReceivedMessage>,
    /// How many match.
    matching: usize,
    /// When the last of them died.
    until: Option<BeijingTime>,
    looked: Looked,
}

const LETTERS: Column = Column::number("条数", "Letters");
const ORDERS: Column = Column::number("订单", "Orders");
const RETRIES: Column = Column::number("重试", "Retries");

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let mut filter = LetterQuery::read(&query);
    let flat = query.get("view") == "flat" || !filter.is_everything();
    let mut look = look(&console, &filter).await?;
    filter.0.until = look.until.map(|last| last.0);
    let looked = &look.looked;
    let partly = (looked.at < looked.of || looked.strangers > 0).then(|| {
        html! {
            div.box.warn {
                (say(
                    "只看了一部分：死信太多，或正被其他程序占用。",
                    "Only some letters were looked at: there are too many, or somebody else holds them. ",
                ))
                (looked.at) " / " (looked.of)
            }
        }
    });
    let partly = partly.unwrap_or_default();
    if flat {
        look.find_settled(&console).await;
        let body = html! { (partly) (flat_list(&console, &filter, &look)) };
        return Ok(Page::new(say("死信列表", "Dead letters one by one"), body));
    }
    // The letters are shown also while there is no database to ask.
    let acts = console
        .database(|connection| Ok(history::list(connection, None, ACTS)?))
        .await
        .map_or_else(|failure| away(&failure), |acts| history(&acts));
    let body = html! {
        (partly)
        (groups(&look.groups))
        h2 { (say("最近的处理", "What operators did")) }
        (acts)
    };
    Ok(Page::new(say("死信", "Dead letters"), body))
}

impl LettersRead {
    /// Finds out which of the chosen are settled. They are listed also while there is no database to ask.
    async fn find_settled(&mut self, console: &Console) {
        let (messages, config) = (std::mem::take(&mut self.messages), console.config.clone());
        let asked = console.database(move |connection| {
            let all = messages.iter().map(|message| settled(connection, &config, message));
            Ok(all.collect::<Result<Vec<_>, _>>()?)
        });
        if let Ok(settled) = asked.await {
            for (letter, settled) in self.chosen.iter_mut().zip(settled) {
                letter.settled = settled;
            }
        }
    }
}

async fn look(console: &Console, filter: &LetterQuery) -> Result<LettersRead, Failure> {
    let _turn = console.at_letters().await?;
    let (mut groups, mut until) = (Grouping::default(), None);
    let mut chosen = first_to_die(LISTED);
    let looked = look_at_letters(console.broker(), LOOKED, |received| {
        let letter = DeadLetter::from(&received);
        until = until.max(letter.died_at);
        if filter.0.takes(&letter) {
            chosen.add((letter.clone(), received));
        }
        groups.add(letter);
    })
    .await?;
    let (chosen, matching) = chosen.into_sorted();
    let (chosen, messages) = chosen.into_iter().unzip();
    Ok(LettersRead { groups: groups.groups(), chosen, messages, matching, until, looked })
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
            (link("/dead-letters?view=flat", say("逐条查看", "One by one")))
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
            }
            (time(group.first_died))
            (time(group.last_died))
        }
    }
}

fn flat_list(console: &Console, filter: &LetterQuery, look: &LettersRead) -> Markup {
    let (chosen, matching) = (&look.chosen, look.matching);
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
            @if matching > chosen.len() {
                p.note {
                    (say("只列出最早的：", "Only the first are listed: "))
                    (chosen.len()) " / " (matching)
                }
            }
            form method="post" action="/dead-letters" {
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

/// Name, note and buttons; the same on every page with letters.
pub(super) fn act_fields() -> Markup {
    if !user::may(Act::MoveLetters) {
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
        say("商户", "Merchant"),
    ];
    html! {
        form.bar method="get" action="/dead-letters" {
            input type="hidden" name="view" value="flat";
            @for ((name, value), words) in filter.pairs().into_iter().zip(words) {
                input name=(name) placeholder=(words) aria-label=(words) value=(value);
            }
            button { (say("筛选", "Filter")) }
            (link("/dead-letters", say("按原因分组", "By cause")))
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
        Column::text("谁", "Who"),
        Column::text("订单", "Order"),
        Column::text("原因", "Why"),
    ];
    let rows = acts.iter().map(|act| {
        let (tone, word) = match act.action.as_str() {
            "replayed" => (Tone::Blue, say("重放", "replayed")),
            "discarded" => (Tone::Warn, say("丢弃", "discarded")),
            other => (Tone::Plain, other),
        };
        html! {
            tr {
                (time(Some(act.done_at)))
                td { (tag(tone, word)) }
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

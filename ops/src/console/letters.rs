//! `/dead-letters`: what needs a person, grouped by cause or one by one.

use queue::Received;
use service::html::Html;
use service::language::say;
use store::BeijingTime;
use store::dead_letter::history;

use super::Console;
use super::address::address;
use super::cohort::{Cohort, NO_REASON, TICKED};
use super::layout::{Page, away, nothing};
use super::list::{Column, list};
use super::request::Asked;
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::dead_letter::earliest::Earliest;
use crate::operations::dead_letter::group::{Group, Grouping};
use crate::operations::dead_letter::settled::settled;
use crate::operations::dead_letter::{DeadLetter, by_death, short};
use crate::operations::dead_queue::{DeadQueue, Looked};

/// Letters that are looked at: a few seconds' worth.
const LOOKED: u32 = 100_000;
/// Letters with a box to tick; a form has at most 256 fields.
const LISTED: usize = 200;
/// Acts of operators that are listed.
const ACTS: i64 = 10;

/// What was seen of the letters.
struct Look {
    /// All of them, by cause.
    groups: Vec<Group>,
    /// The first of those that match, sorted by death.
    chosen: Vec<DeadLetter>,
    /// Their messages, in the same order.
    messages: Vec<Received>,
    /// How many match.
    matching: usize,
    /// When the last of them died.
    until: Option<BeijingTime>,
    looked: Looked,
}

const LETTERS: Column = Column::number("条数", "Letters");
const ORDERS: Column = Column::number("订单", "Orders");
const RETRIES: Column = Column::number("重试", "Retries");

pub(super) async fn show(console: &Console, asked: &Asked) -> Result<Page, Failure> {
    let mut cohort = Cohort::read(&asked.query);
    let flat = asked.query.get("view") == "flat" || !cohort.is_everything();
    let mut look = look(console, &cohort).await?;
    cohort.until = look.until.map(|last| last.0);
    let mut body = Html::new();
    if look.looked.at < look.looked.of || look.looked.strangers > 0 {
        body = body
            .raw("<div class=\"box warn\">")
            .raw(say(
                "只看了一部分：死信太多，或正被别人持有。",
                "Only some letters were looked at: there are too many, or somebody else holds them. ",
            ))
            .shown(look.looked.at)
            .raw(" / ")
            .shown(look.looked.of)
            .raw("</div>");
    }
    if flat {
        let (messages, config) = (std::mem::take(&mut look.messages), console.config.clone());
        // The letters are listed also while there is no database to ask.
        let asked = console.database(move |connection| {
            let all = messages.iter().map(|message| settled(connection, &config, message));
            Ok(all.collect::<Result<Vec<_>, _>>()?)
        });
        if let Ok(settled) = asked.await {
            for (letter, settled) in look.chosen.iter_mut().zip(settled) {
                letter.settled = settled;
            }
        }
        let title = say("死信列表", "Dead letters one by one");
        return Ok(Page::new(
            "/dead-letters",
            title,
            body.html(flat_list(console, &cohort, &look)),
        ));
    }
    body = body.html(groups(&look.groups));
    // The letters are shown also while there is no database to ask.
    let acts = console
        .database(|connection| Ok(history::list(connection, None, ACTS)?))
        .await
        .map_or_else(|failure| away(&failure), |acts| history(&acts));
    body = body.raw("<h2>").raw(say("最近的处理", "What operators did")).raw("</h2>").html(acts);
    Ok(Page::new("/dead-letters", say("死信", "Dead letters"), body))
}

async fn look(console: &Console, cohort: &Cohort) -> Result<Look, Failure> {
    let _turn = console.at_letters().await?;
    let mut queue = DeadQueue::open(console.broker()).await?;
    let (mut groups, mut until) = (Grouping::default(), None);
    let mut chosen =
        Earliest::new(LISTED, |a: &(DeadLetter, Received), b: &(DeadLetter, Received)| {
            by_death(&a.0, &b.0)
        });
    let looked = queue
        .look(LOOKED, |received| {
            let letter = DeadLetter::from(&received);
            until = until.max(letter.died_at);
            if cohort.takes(&letter) {
                chosen.add((letter.clone(), received));
            }
            groups.add(letter);
        })
        .await;
    queue.close().await?;
    let (chosen, matching) = chosen.into_sorted();
    let (chosen, messages) = chosen.into_iter().unzip();
    Ok(Look { groups: groups.groups(), chosen, messages, matching, until, looked: looked? })
}

fn groups(groups: &[Group]) -> Html {
    if groups.is_empty() {
        return nothing(say("没有死信，一切正常。", "There are no dead letters."));
    }
    Html::new()
        .raw("<p class=\"note\">")
        .raw(say(
            "同一原因的归为一组，错误里的编号和时间写作 #。先排除原因，再试运行，再重放。",
            "One line per cause; # stands for numbers and times. \
             Remove the cause, then dry run, then replay. ",
        ))
        .link("/dead-letters?view=flat", say("逐条查看", "One by one"))
        .raw("</p>")
        .html(list(
            [
                LETTERS,
                ORDERS,
                Column::text("原因", "Reason"),
                Column::text("错误", "Error"),
                Column::text("最早", "First died"),
                Column::text("最近", "Last died"),
            ],
            groups.iter().map(group_row),
        ))
}

fn group_row(group: &Group) -> Html {
    let reason = group.reason.as_deref().unwrap_or(NO_REASON);
    let cohort =
        Cohort { reason: reason.to_owned(), print: group.fingerprint.clone(), ..Cohort::default() };
    let mut row = Html::new()
        .raw("<tr>")
        .html(LETTERS.cell(group.letters))
        .html(ORDERS.cell(group.orders))
        .raw("<td class=\"id\">")
        .link(&cohort.address(), reason)
        .raw("</td><td>")
        .text(&group.fingerprint);
    if !group.worker_versions.is_empty() {
        row = row
            .raw("<span class=\"soft\">worker ")
            .text(&group.worker_versions.join(", "))
            .raw("</span>");
    }
    row.raw("</td>").html(time(group.first_died)).html(time(group.last_died)).raw("</tr>\n")
}

fn flat_list(console: &Console, cohort: &Cohort, look: &Look) -> Html {
    let (chosen, matching) = (&look.chosen, look.matching);
    let mut body = filter_bar(cohort);
    if chosen.is_empty() {
        return body.html(nothing(say("没有符合条件的死信。", "No dead letter matches.")));
    }
    if matching > chosen.len() {
        body = body
            .raw("<p class=\"note\">")
            .raw(say("只列出最早的：", "Only the first are listed: "))
            .shown(chosen.len())
            .raw(" / ")
            .shown(matching)
            .raw("</p>");
    }
    body.raw("<form method=\"post\" action=\"/dead-letters\">")
        .html(console.guard.field())
        .html(cohort.fields())
        .html(list(
            [
                Column::NAMELESS,
                Column::text("死信", "Letter"),
                Column::text("原因与错误", "Reason and error"),
                Column::text("订单", "Order"),
                RETRIES,
                Column::text("死亡", "Died"),
            ],
            chosen.iter().map(letter_row),
        ))
        .raw("<h2>")
        .raw(say("处理", "What to do"))
        .raw("</h2><div class=\"card\"><div class=\"acts\">")
        .raw("<label><input type=\"radio\" name=\"which\" value=\"ticked\" checked>")
        .raw(say("勾选的", "The ticked"))
        .raw("</label>")
        .raw("<label><input type=\"radio\" name=\"which\" value=\"all\">")
        .raw(say("符合条件的全部：", "All that match:"))
        .raw(" ")
        .shown(matching)
        .raw("</label></div>")
        .html(act_fields())
        .raw("</div></form>\n")
}

/// Name, note and buttons; the same on every page with letters.
pub(super) fn act_fields() -> Html {
    Html::new()
        .raw("<div class=\"acts\"><input name=\"by\" maxlength=\"255\" autocomplete=\"name\" ")
        .raw("placeholder=\"")
        .raw(say("姓名", "Your name"))
        .raw("\" aria-label=\"")
        .raw(say("姓名", "Your name"))
        .raw("\">")
        .raw("<input name=\"note\" size=\"44\" maxlength=\"1000\" ")
        .raw("placeholder=\"")
        .raw(say("原因，丢弃时必填", "Why; needed to discard"))
        .raw("\" aria-label=\"")
        .raw(say("原因", "Why"))
        .raw("\"></div>")
        .raw("<div class=\"acts\"><button class=\"main\" name=\"act\" value=\"dry_run\">")
        .raw(say("试运行", "Dry run"))
        .raw("</button>")
        .raw("<button name=\"act\" value=\"replay\">")
        .raw(say("重放", "Replay"))
        .raw("</button>")
        .raw("<button class=\"danger\" name=\"act\" value=\"discard\">")
        .raw(say("丢弃", "Discard"))
        .raw("</button>")
        .raw("<span class=\"note\">")
        .raw(say("试运行不改变任何东西。", "A dry run changes nothing."))
        .raw("</span></div>")
}

fn filter_bar(cohort: &Cohort) -> Html {
    let field = |html: Html, name: &'static str, words: &'static str, value: &str| {
        html.raw("<input name=\"")
            .raw(name)
            .raw("\" placeholder=\"")
            .raw(words)
            .raw("\" aria-label=\"")
            .raw(words)
            .raw("\" value=\"")
            .text(value)
            .raw("\">")
    };
    let bar = Html::new().raw(
        "<form class=\"bar\" method=\"get\" action=\"/dead-letters\">\
         <input type=\"hidden\" name=\"view\" value=\"flat\">",
    );
    let bar = field(bar, "reason", say("原因", "Reason"), &cohort.reason);
    let bar = field(bar, "error", say("错误", "Error"), &cohort.print);
    let bar = field(bar, "order", say("订单", "Order"), &cohort.order);
    let bar = field(bar, "merchant", say("商户", "Merchant"), &cohort.merchant);
    bar.raw("<button>")
        .raw(say("筛选", "Filter"))
        .raw("</button>")
        .link("/dead-letters", say("按原因分组", "By cause"))
        .raw("</form>\n")
}

fn letter_row(letter: &DeadLetter) -> Html {
    let mut row = Html::new().raw("<tr><td><input type=\"checkbox\" name=\"").text(TICKED);
    row = row
        .text(&letter.id)
        .raw("\" aria-label=\"")
        .raw(say("勾选", "Tick"))
        .raw("\"></td><td class=\"id mono\">");
    let short = short(&letter.id);
    row = row.link(&address("/dead-letters/", &letter.id), &short).raw("</td><td>");
    row = row.html(tag(Tone::Bad, letter.reason.as_deref().unwrap_or(NO_REASON)));
    if let Some(settled) = letter.settled {
        row = row.raw(" ").html(tag(Tone::Good, say("已了结", "settled")));
        let words = say(settled.chinese(), settled.words());
        row = row.raw("<span class=\"soft\">").raw(words).raw("</span>");
    }
    row = row.raw("<span class=\"soft\">").text(letter.error.as_deref().unwrap_or_default());
    row = row.raw("</span></td><td class=\"id\">");
    if let Some(order) = &letter.order {
        row = row.link(&address("/orders/", order), order);
    }
    row = row.raw("<span class=\"soft\">").text(letter.merchant.as_deref().unwrap_or_default());
    row.raw("</span></td>")
        .html(RETRIES.cell(letter.attempts))
        .html(time(letter.died_at))
        .raw("</tr>\n")
}

/// What operators did, the latest first.
pub(super) fn history(acts: &[history::Row]) -> Html {
    if acts.is_empty() {
        return nothing(say("还没有人处理过。", "Nobody has replayed or discarded a letter yet."));
    }
    let rows = acts.iter().map(|act| {
        let (tone, word) = match act.action.as_str() {
            "replayed" => (Tone::Blue, say("重放", "replayed")),
            "discarded" => (Tone::Warn, say("丢弃", "discarded")),
            other => (Tone::Plain, other),
        };
        let mut row = Html::new().raw("<tr>").html(time(Some(act.done_at)));
        row = row.cell_of(tag(tone, word)).cell(&act.done_by).raw("<td class=\"id\">");
        if let Some(order) = &act.order_id {
            row = row.link(&address("/orders/", order), order);
        }
        row.raw("</td>").cell(act.note.as_deref().unwrap_or_default()).raw("</tr>\n")
    });
    Html::new().html(list(
        [
            Column::text("时间", "When"),
            Column::text("动作", "What"),
            Column::text("谁", "Who"),
            Column::text("订单", "Order"),
            Column::text("原因", "Why"),
        ],
        rows,
    ))
}

/// `<td>` with a time, or an empty one.
pub(super) fn time(at: Option<BeijingTime>) -> Html {
    let text = at.map(|at| at.to_string()).unwrap_or_default();
    Html::new().raw("<td class=\"t\">").text(&text).raw("</td>")
}

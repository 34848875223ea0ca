//! `/dead-letters/ID`: a letter with its whole evidence.

use axum::extract::{Path, State};
use maud::{Markup, html};
use service::language::{Language, say};
use service::page::{fact, hidden};
use store::dead_letter;
use store::dead_letter::history::list as list_history;
use store::dead_letter::note::NoteRow;

use super::address::{at, order_link};
use super::letter_query::TICKED;
use super::letters::{act_fields, history};
use super::page::{Page, away, nothing};
use super::right::Right;
use super::tag::{Tone, tag};
use super::{Console, Shared, person, user};
use crate::failure::Failure;
use crate::operations::dead_letter::evidence::{Background, Evidence, find};
use crate::operations::dead_letter::{OpenedLetter, ReadableParameter, short};
use crate::text::or_empty;

pub(super) async fn show(State(console): Shared, Path(id): Path<String>) -> Result<Page, Failure> {
    let wanted = id.clone();
    let opened = console.database(move |connection| Ok(find(connection, &wanted)?)).await?;
    let Some(opened) = opened else { return discarded(&console, id).await };
    let mut evidence = Evidence::of(opened, &console.config);
    let (opened, config) = (evidence.opened.clone(), console.config.clone());
    let read =
        move |connection: &mut store::Connection| Background::read(connection, &config, &opened);
    let asked = console.database(read).await;
    // The letter is shown also while there is no database to ask.
    let missing = match asked {
        Ok((background, settled)) => {
            evidence.background = background;
            evidence.opened.letter.settled = settled;
            None
        }
        Err(failure) => Some(failure),
    };
    let letter = &evidence.opened.letter;
    let background = &evidence.background;
    let body = html! {
        (facts(&evidence))
        h2 { (say("处理", "What to do")) }
        div.card { form method="post" action=(at("/dead-letters")) {
            (console.guard.field())
            (hidden(&format!("{TICKED}{}", letter.id), "on"))
            (act_fields())
        } }
        (form(&evidence))
        h2 { (say("订单现在", "The order now")) }
        @match &missing {
            Some(failure) => (away(failure)),
            None => {
                (order_now(&background.order_text.join("\n")))
                (notes(&console, &letter.id, &background.notes))
                h2 { (say("以前的处理", "What operators did with it")) }
                (history(&background.history))
            }
        }
    };
    Ok(Page::new(format!("{} {}", say("死信", "Dead letter"), short(&letter.id)), body))
}

/// What people wrote about it, and a form to add something.
fn notes(console: &Console, id: &str, notes: &[NoteRow]) -> Markup {
    html! {
        h2 { (say("备注", "Notes")) }
        div.card {
            @for note in notes {
                p {
                    (note.note)
                    span.soft {
                        (note.noted_by) " · " (note.noted_at.to_string())
                        @if note.message_id.is_none() { (say(" · 整组", " · on its group")) }
                    }
                }
            }
            @if user::may(Right::MoveLetters) {
                form method="post" action=(at("/dead-letters")) {
                    (console.guard.field())
                    (hidden(&format!("{TICKED}{id}"), "on"))
                    div.acts {
                        (person::fields(say("备注", "Note"), say("备注", "Note"), true))
                        button name="act" value="note" { (say("给这条", "On this letter")) }
                        button name="act" value="note_group" { (say("给整组", "On its group")) }
                    }
                }
            }
        }
    }
}

/// A letter that was discarded: it can be put back.
async fn discarded(console: &Console, id: String) -> Result<Page, Failure> {
    let wanted = id.clone();
    let read = move |connection: &mut store::Connection| {
        let Some(letter) = dead_letter::discarded(connection, &wanted)? else { return Ok(None) };
        let acts = list_history(connection, Some(&letter.row.message_id), 100)?;
        Ok(Some((letter, acts)))
    };
    let Some((letter, acts)) = console.database(read).await? else {
        return Err(Failure::NotFound(format!(
            "{} {id}",
            say(
                "没有这个死信，可能已被处理：",
                "there is no dead letter of this id; it may have been replayed or discarded:"
            )
        )));
    };
    let evidence = Evidence::of(OpenedLetter::open(letter), &console.config);
    let letter = &evidence.opened.letter;
    let body = html! {
        div.box.warn { (say("这条死信已丢弃，可以放回队列。", "It was discarded, and can be put back into its queue.")) }
        (facts(&evidence))
        @if user::may(Right::MoveLetters) {
            div.card { form method="post" action=(at("/dead-letters")) {
                (console.guard.field())
                (hidden(&format!("{TICKED}{}", letter.id), "on"))
                div.acts {
                    (person::fields(say("原因", "Why"), say("原因", "Why"), false))
                    button.main name="act" value="restore" { (say("恢复", "Restore")) }
                }
            } }
        } @else {
            (user::may_not())
        }
        (form(&evidence))
        h2 { (say("以前的处理", "What operators did with it")) }
        (history(&acts))
    };
    Ok(Page::new(format!("{} {}", say("死信", "Dead letter"), short(&letter.id)), body))
}

fn facts(evidence: &Evidence) -> Markup {
    let (opened, letter) = (&evidence.opened, &evidence.opened.letter);
    let settled = letter.settled.map(|settled| {
        let words = match Language::here() {
            Language::Chinese => format!("{}，可以丢弃。", settled.chinese()),
            Language::English => format!(" {}: it can be discarded.", settled.words()),
        };
        html! { (tag(Tone::Good, say("已了结", "settled"))) (words) }
    });
    let signature = evidence.signature.as_ref().map(|signature| {
        let word = match signature.valid {
            true => tag(Tone::Good, say("今天仍有效", "valid today")),
            false => tag(Tone::Bad, say("今天无效", "not valid today")),
        };
        html! { (word) " " (signature.result) }
    });
    let copies = Some(opened.copies).filter(|copies| *copies > 1);
    html! {
        div.two.row {
            div.card { table.facts {
                (fact(
                    say("原因", "Reason"),
                    tag(Tone::Bad, letter.reason.as_deref().unwrap_or("none")),
                ))
                (fact(say("错误", "Error"), or_empty(letter.error.as_ref())))
                (fact(say("了结", "Settled"), settled.unwrap_or_default()))
                (fact(
                    say("订单", "Order"),
                    letter.order.as_deref().map(order_link).unwrap_or_default(),
                ))
                (fact(say("商户", "Merchant"), or_empty(letter.merchant.as_ref())))
                (fact(say("类型", "Kind"), opened.kind.unwrap_or_default()))
                (fact(say("重试", "Retries"), letter.attempts))
            } }
            div.card { table.facts {
                (fact(say("收到", "Received"), or_empty(opened.received_at)))
                (fact(say("首次处理", "First seen"), letter.first_seen.to_string()))
                (fact(say("死亡", "Died"), or_empty(letter.died_at)))
                (fact(say("签名", "Signature"), signature.unwrap_or_default()))
                (fact(
                    say("副本", "Copies"),
                    or_empty(copies),
                ))
                (fact(say("程序版本", "Worker"), or_empty(opened.worker_version.as_ref())))
                (fact(say("追踪", "Trace"), or_empty(opened.traceparent.as_ref())))
                (fact(say("消息", "Message id"), &letter.id))
            } }
        }
    }
}

/// The form in readable text, or the body where it is none.
fn form(evidence: &Evidence) -> Markup {
    let opened = &evidence.opened;
    let (first, second) = opened.parameters.split_at(opened.parameters.len().div_ceil(2));
    html! {
        h2 { (say("通知内容", "What Alipay sent")) }
        @if let Some(body) = &opened.body {
            div.card { pre { (body) } }
        } @else {
            div.two.row { (parameters(first)) (parameters(second)) }
            @if let Some(form) = &opened.form {
                details {
                    summary.note {
                        (say("原始内容，可给 ops verify 检查", "As received, for ops verify ("))
                        (opened.charset.unwrap_or_default()) ")"
                    }
                    div.card { pre { (form) } }
                }
            }
        }
    }
}

fn parameters(parameters: &[ReadableParameter]) -> Markup {
    if parameters.is_empty() {
        return html! {};
    }
    html! {
        div.card { table.facts {
            @for parameter in parameters {
                tr {
                    th.mono { (parameter.name) }
                    td {
                        (parameter.value)
                        @if parameter.undecodable {
                            " " (tag(Tone::Warn, say("不是该字符集", "not in this charset")))
                        }
                    }
                }
            }
        } }
    }
}

fn order_now(text: &str) -> Markup {
    if text.is_empty() {
        return nothing(say("通知没有说是哪个订单。", "It names no order."));
    }
    html! { div.card { pre { (text) } } }
}

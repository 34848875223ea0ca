//! `/dead-letters/ID`: a letter with its whole evidence.

use service::html::Html;
use service::language::{Language, say};

use super::Console;
use super::address::address;
use super::cohort::TICKED;
use super::layout::{Page, away, nothing};
use super::letters::{act_fields, history};
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::dead_letter::evidence::{Background, Evidence, find};
use crate::operations::dead_letter::{Parameter, short};

pub(super) async fn show(console: &Console, id: &str) -> Result<Page, Failure> {
    let turn = console.at_letters().await?;
    let opened = find(console.broker(), id).await?;
    drop(turn);
    let Some(opened) = opened else {
        return Err(Failure::NotFound(format!(
            "{} {id}",
            say(
                "没有这个死信，可能已被处理：",
                "there is no dead letter of this id; it may have been replayed or discarded:"
            )
        )));
    };
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
    let body = Html::new()
        .html(facts(&evidence))
        .raw("<h2>")
        .raw(say("处理", "What to do"))
        .raw("</h2><div class=\"card\">")
        .raw("<form method=\"post\" action=\"/dead-letters\">")
        .html(console.guard.field())
        .hidden(&format!("{TICKED}{}", letter.id), "on")
        .html(act_fields())
        .raw("</form></div>\n")
        .html(form(&evidence))
        .raw("<h2>")
        .raw(say("订单现在", "The order now"))
        .raw("</h2>")
        .html(match &missing {
            Some(failure) => away(failure),
            None => order_now(&evidence.background.order_told.join("\n")),
        });
    let body = match missing {
        Some(_) => body,
        None => body
            .raw("<h2>")
            .raw(say("以前的处理", "What operators did with it"))
            .raw("</h2>")
            .html(history(&evidence.background.history)),
    };
    Ok(Page::new(
        "/dead-letters",
        format!("{} {}", say("死信", "Dead letter"), short(&letter.id)),
        body,
    ))
}

fn facts(evidence: &Evidence) -> Html {
    let (opened, letter) = (&evidence.opened, &evidence.opened.letter);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let time = |at: Option<store::BeijingTime>| at.map(|at| at.to_string());
    let reason = tag(Tone::Bad, letter.reason.as_deref().unwrap_or("none"));
    let mut table = Html::new()
        .raw("<div class=\"two row\"><div class=\"card\"><table class=\"facts\">")
        .row_of(say("原因", "Reason"), reason)
        .row(say("错误", "Error"), &text(&letter.error));
    if let Some(settled) = letter.settled {
        let told = Html::new().html(tag(Tone::Good, say("已了结", "settled")));
        let words = match Language::here() {
            Language::Chinese => format!("{}，可以丢弃。", settled.chinese()),
            Language::English => format!(" {}: it can be discarded.", settled.words()),
        };
        table = table.row_of(say("了结", "Settled"), told.text(&words));
    }
    if let Some(order) = &letter.order {
        table = table
            .row_of(say("订单", "Order"), Html::new().link(&address("/orders/", order), order));
    }
    table = table
        .row(say("商户", "Merchant"), &text(&letter.merchant))
        .row(say("类型", "Kind"), opened.kind.unwrap_or_default())
        .row(say("重试", "Retries"), &letter.attempts.to_string())
        .raw("</table></div><div class=\"card\"><table class=\"facts\">")
        .row(say("收到", "Received"), &time(opened.received_at).unwrap_or_default())
        .row(say("首次处理", "First seen"), &letter.first_seen.to_string())
        .row(say("死亡", "Died"), &time(letter.died_at).unwrap_or_default());
    if let Some(signature) = &evidence.signature {
        let word = match signature.valid {
            true => tag(Tone::Good, say("今天仍有效", "valid today")),
            false => tag(Tone::Bad, say("今天无效", "not valid today")),
        };
        table = table.row_of(say("签名", "Signature"), word.raw(" ").text(&signature.said));
    }
    if opened.copies > 1 {
        table = table.row(say("副本", "Copies"), &opened.copies.to_string());
    }
    table
        .row(say("程序版本", "Worker"), &text(&opened.worker_version))
        .row(say("追踪", "Trace"), &text(&opened.traceparent))
        .row(say("消息", "Message id"), &letter.id)
        .raw("</table></div></div>\n")
}

/// The form in readable text, or the body where it is none.
fn form(evidence: &Evidence) -> Html {
    let opened = &evidence.opened;
    let mut html = Html::new().raw("<h2>").raw(say("通知内容", "What Alipay sent")).raw("</h2>");
    if let Some(body) = &opened.body {
        return html.raw("<div class=\"card\"><pre>").text(body).raw("</pre></div>\n");
    }
    let (first, second) = opened.parameters.split_at(opened.parameters.len().div_ceil(2));
    html = html.raw("<div class=\"two row\">").html(parameters(first)).html(parameters(second));
    html = html.raw("</div>");
    if let Some(form) = &opened.form {
        html = html
            .raw("<details><summary class=\"note\">")
            .raw(say("原始内容，可给 ops verify 检查", "As received, for ops verify ("))
            .text(opened.charset.unwrap_or_default())
            .raw(")</summary><div class=\"card\"><pre>")
            .text(form)
            .raw("</pre></div></details>\n");
    }
    html
}

fn parameters(parameters: &[Parameter]) -> Html {
    if parameters.is_empty() {
        return Html::new();
    }
    let rows = parameters.iter().map(|parameter| {
        let row = Html::new().raw("<tr><th class=\"mono\">").text(&parameter.name);
        let row = row.raw("</th><td>").text(&parameter.value);
        let row = match parameter.undecodable {
            true => row.raw(" ").html(tag(Tone::Warn, say("不是该字符集", "not in this charset"))),
            false => row,
        };
        row.raw("</td></tr>\n")
    });
    Html::new().raw("<div class=\"card\"><table class=\"facts\">").all(rows).raw("</table></div>")
}

fn order_now(told: &str) -> Html {
    if told.is_empty() {
        return nothing(say("通知没有说是哪个订单。", "It names no order."));
    }
    Html::new().raw("<div class=\"card\"><pre>").text(told).raw("</pre></div>\n")
}

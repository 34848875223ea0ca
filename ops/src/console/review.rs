//! `/reviews/ID`: a case, what can be decided, and the decision.

use service::html::Html;
use service::language::{Language, say};
use std::sync::Arc;

use order::Decision;
use store::snapshot;

use super::Console;
use super::acts::{name, note};
use super::address::address;
use super::answer::Answer;
use super::layout::{Page, nothing};
use super::request::Asked;
use super::reviews::{chinese, state, told};
use crate::failure::Failure;
use crate::operations::order::next_step::of_review;
use crate::operations::order::story::{header, not_done};
use crate::operations::publish::Confirmed;
use crate::operations::review_case::{Case, Choice, evidence, meaning};

pub(super) async fn show(console: &Console, id: &str) -> Result<Page, Failure> {
    let id = number(id)?;
    let case = console
        .database(move |connection| snapshot(connection, |connection| Case::read(connection, id)))
        .await?;
    let row = &case.row;
    let mut body = Html::new()
        .raw("<div class=\"card\"><table class=\"facts\">")
        .row_of(say("状态", "State"), state(&row.state))
        .row_of(
            say("订单", "Order"),
            Html::new().link(&address("/orders/", &row.order_id), &row.order_id),
        )
        .row(say("原因", "Reason"), &format!("{} {}", row.reason, say(chinese(&row.reason), "")))
        .row(say("含义", "Meaning"), meaning(row))
        .row(say("下一步", "Next"), of_review(row).as_deref().unwrap_or_default())
        .row(say("证据", "Evidence"), &evidence(row))
        .row(say("提出", "Raised"), &row.raised_at.to_string())
        .row(say("结束", "Ended"), &told(row.ended_at))
        .row(say("决定", "Decision"), row.decision.as_deref().unwrap_or_default())
        .row(say("决定人", "Decided by"), row.decided_by.as_deref().unwrap_or_default())
        .row(say("说明", "Note"), row.note.as_deref().unwrap_or_default())
        .raw("</table></div>\n");
    let choices = case.choices();
    body = body.raw("<h2>").raw(say("决定", "Decide")).raw("</h2>");
    body = match choices.is_empty() {
        true => body.html(nothing(say("已经结束，无需决定。", "This case has ended."))),
        false => body.html(form(console, id, &choices)),
    };
    body = body.raw("<h2>").raw(say("订单", "The order")).raw("</h2><div class=\"card\"><pre>");
    for line in header(&case.page.order.row, &case.page.product) {
        body = body.text(&format!("{line}\n"));
    }
    for trade in &case.page.trades {
        let facts = trade.facts.join(", ");
        body = body.text(&format!("trade {}: {facts}, {}\n", trade.trade_no, trade.times()));
    }
    for line in not_done(&case.page) {
        body = body.text(&format!("{line}\n"));
    }
    body = body.raw("</pre></div><p class=\"pages\">");
    body = body
        .link(&address("/orders/", &row.order_id), say("订单经过", "The whole story »"))
        .raw("</p>");
    Ok(Page::new("/reviews", format!("{} # {id}", say("复核", "Review")), body))
}

fn form(console: &Console, id: i64, choices: &[Choice]) -> Html {
    let choice = |(at, choice): (usize, &Choice)| {
        let trade = choice.trade_no.as_deref().unwrap_or_default();
        let mut html =
            Html::new().raw("<label class=\"choice\"><input type=\"radio\" name=\"decision\" ");
        html = html.raw("required value=\"").text(choice.decision).raw(" ").text(trade).raw("\"");
        html = html.raw(if at == 0 && choices.len() == 1 { " checked>" } else { ">" }).raw("<b>");
        html = html.text(decision_words(choice.decision));
        html.raw("</b> ")
            .text(trade)
            .raw(" <span class=\"note\">")
            .text(choice.meaning)
            .raw("</span></label>")
    };
    Html::new()
        .raw("<div class=\"card\"><form method=\"post\" action=\"/reviews/")
        .shown(id)
        .raw("\">")
        .html(console.guard.field())
        .all(choices.iter().enumerate().map(choice))
        .raw("<div class=\"acts\"><input name=\"by\" required maxlength=\"255\" autocomplete=\"name\" ")
        .raw("placeholder=\"").raw(say("姓名", "Your name")).raw("\" aria-label=\"").raw(say("姓名", "Your name")).raw("\">")
        .raw("<input name=\"note\" required size=\"44\" maxlength=\"1000\" ")
        .raw("placeholder=\"").raw(say("说明：为什么", "Why")).raw("\" aria-label=\"").raw(say("说明", "Why")).raw("\">")
        .raw("<button class=\"main\">").raw(say("决定", "Decide")).raw("</button></div></form></div>\n")
}

/// A decision in the language of the page.
fn decision_words(decision: &str) -> &str {
    let chinese = match decision {
        "paid" => "钱已收到",
        "refunded" => "已退款",
        "accepted" => "照常接受",
        "delivered" => "已发货",
        "taken_back" => "已收回",
        "noted" => "已知悉",
        _ => return decision,
    };
    match Language::here() {
        Language::Chinese => chinese,
        Language::English => decision,
    }
}

/// The decision is written down, and a message has a worker look at it; the page says what that made of
/// it.
pub(super) async fn decide(
    console: &Arc<Console>,
    asked: &Asked,
    id: &str,
) -> Result<Answer, Failure> {
    let id = number(id)?;
    let (by, note) = (name(&asked.form)?, note(&asked.form)?);
    if note.is_empty() {
        return Err(Failure::Usage(say("请写说明", "say why, in the note").to_owned()));
    }
    let chosen = asked.form.get("decision");
    let (word, trade_no) = chosen.split_once(' ').unwrap_or((chosen, ""));
    let decision = Decision::read(word)
        .map_err(|_| Failure::Usage(say("请选择一个决定", "choose a decision").to_owned()))?;
    let trade_no = Some(trade_no.trim().to_owned()).filter(|trade_no| !trade_no.is_empty());
    // Before it is written: without a broker nothing is decided.
    let publisher = Confirmed::open(console.broker(), "ops console").await?;
    let decided = console
        .database(move |connection| {
            let case = snapshot(connection, |connection| Case::read(connection, id))?;
            case.check(decision, trade_no.as_deref())?;
            let sent = case.decide(connection, decision, trade_no.as_deref(), &by, &note)?;
            Ok((case.row.order_id, sent))
        })
        .await;
    if let Ok((_, sent)) = &decided {
        // Written is decided: workers look at what stays open, also without the message.
        let _ = publisher.publish(sent.message.clone()).await;
    }
    publisher.close().await;
    let (order, sent) = decided?;
    let applied = console.database(move |connection| Ok(sent.wait(connection)?)).await;
    let (class, said) = match &applied {
        Ok(applied) if applied.outcome == "rejected" => ("bad", applied.text()),
        Ok(applied) if applied.outcome == "waiting" => ("warn", applied.text()),
        Ok(applied) => ("good", applied.text()),
        Err(failure) => ("warn", format!("It is written down.\n{failure}")),
    };
    let body = Html::new()
        .raw("<div class=\"box ")
        .raw(class)
        .raw("\"><b>")
        .raw(say("决定已送出", "The decision was sent:"))
        .raw(" ")
        .text(decision_words(decision.as_str()))
        .raw("</b><pre>")
        .text(&said)
        .raw("</pre></div><p class=\"pages\">")
        .link(&address("/reviews/", &id.to_string()), say("复核", "Review"))
        .link(&address("/orders/", &order), say("订单", "Order"))
        .link("/reviews", say("全部复核", "All reviews"))
        .raw("</p>");
    let page = Page::new("/reviews", format!("{} # {id}", say("复核", "Review")), body);
    Ok(console.results.keep(page))
}

fn number(id: &str) -> Result<i64, Failure> {
    id.parse()
        .map_err(|_| Failure::NotFound(say("没有这个复核", "there is no such review").to_owned()))
}

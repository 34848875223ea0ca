//! `/verify`: why the signature of a notification holds or does not, and what workers would do with it. Nothing that is pasted
//! is kept or logged.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};
use service::language::say;
use service::page::{Column, fact};

use super::address::{at, order_link};
use super::dry_run::outcome_tag;
use super::page::{Page, away, table, usage};
use super::request::PostedForm;
use super::tag::{Tone, tag};
use super::{Console, Shared};
use crate::failure::Failure;
use crate::operations::dry_run::{DryRunResult, because};
use crate::operations::notification_trial::notification_trial;
use crate::operations::verify_report::{SignatureTrial, VerifyReport};
use crate::text::or_empty;

pub(super) const PATH: &str = "/verify";

/// The longest form of the page. A pasted body is percent-encoded once more: three bytes for each that is no letter.
pub(super) const LONGEST_FORM: usize = 1024 * 1024;

/// `GET /verify`
pub(super) async fn show(State(console): Shared) -> Page {
    Page::new(title(), html! { (paste_form(&console, "")) })
}

/// `POST /verify`
pub(super) async fn check(
    State(console): Shared,
    PostedForm(form): PostedForm,
) -> Result<Page, Failure> {
    let name = form.get("merchant").to_owned();
    let body = form.untrimmed("body").trim().to_owned();
    if body.is_empty() {
        return Err(usage("请粘贴通知内容", "paste the body of a notification"));
    }
    let most = console.config.ingress.max_body;
    if body.len() > most {
        return Err(Failure::Usage(format!(
            "{} (ingress.max_body): {most}",
            say("内容太长，最多字节数", "the body is too long; the most bytes")
        )));
    }
    if !console.config.merchants.contains_key(&name) {
        return Err(usage("没有这个商户", "there is no such merchant"));
    }
    let marks = PasteMarks::of(&body);
    let report = report(&console, name.clone(), body.clone()).await?;
    let trial = match report.valid {
        true => Some(trial(&console, name.clone(), body).await),
        false => None,
    };
    let page = html! {
        (verdict(&report))
        (marks.warnings())
        (facts(&report))
        (remedies(&report))
        (tried(&report))
        (signed_text(&report))
        @if let Some(trial) = &trial { (worker(trial)) }
        h2 { (say("再验一条", "Another one")) }
        (paste_form(&console, &name))
    };
    Ok(Page::new(title(), page))
}

fn title() -> &'static str {
    say("验签", "Verify")
}

/// The report: some thousands of verifications where the signature does not hold, so on a blocking thread.
async fn report(
    console: &Arc<Console>,
    name: String,
    body: String,
) -> Result<VerifyReport, Failure> {
    let shared = Arc::clone(console);
    console
        .blocking(move || {
            let merchant = shared.config.merchants.get(&name);
            merchant.map(|merchant| VerifyReport::of(&shared.config, merchant, body.as_bytes()))
        })
        .await?
        .ok_or_else(|| usage("没有这个商户", "there is no such merchant"))
}

/// What workers would do with it now.
async fn trial(
    console: &Arc<Console>,
    name: String,
    body: String,
) -> Result<Option<DryRunResult>, Failure> {
    let config = console.config.clone();
    console
        .database(move |connection| match config.merchants.get(&name) {
            Some(merchant) => notification_trial(connection, &config, merchant, body.as_bytes()),
            None => Ok(None),
        })
        .await
}

/// The field for the body, and whose it is.
fn paste_form(console: &Console, chosen: &str) -> Markup {
    html! {
        div.card { form.verify method="post" action=(at(PATH)) {
            (console.guard.field())
            label {
                (say("商户", "Merchant")) " "
                select name="merchant" {
                    @for name in console.config.merchants.keys() {
                        option value=(name) selected[name == chosen] { (name) }
                    }
                }
            }
            label {
                (say("通知内容（POST 的原文，未解码）", "The notification: the body of the POST as it was sent, not decoded"))
                textarea name="body" rows="8" required spellcheck="false" autocomplete="off" {}
            }
            div.acts {
                button.main { (say("检查", "Check")) }
                span.note { (say("内容不会保存，也不写入日志。", "Nothing of it is stored or logged.")) }
            }
        } }
    }
}

/// What copying has changed about a body, since a notification never looks so.
#[derive(Debug, PartialEq, Eq)]
struct PasteMarks {
    has_line_breaks: bool,
    has_decoded_text: bool,
}

impl PasteMarks {
    fn of(body: &str) -> PasteMarks {
        PasteMarks {
            has_line_breaks: body.contains(['\r', '\n']),
            has_decoded_text: !body.is_ascii(),
        }
    }

    fn warnings(&self) -> Markup {
        html! {
            @if self.has_line_breaks {
                div.box.warn { (say(
                    "内容里有换行：复制时可能被折行了，签名因此不会成立。",
                    "There are line breaks in it: it was wrapped when it was copied, and the signature cannot hold then.",
                )) }
            }
            @if self.has_decoded_text {
                div.box.warn { (say(
                    "内容里有已解码的文字，这里按 UTF-8 处理；请粘贴含 %XX 的原文。",
                    "It holds text that is decoded already, which counts as UTF-8 here. Paste the body with its %XX.",
                )) }
            }
        }
    }
}

fn verdict(report: &VerifyReport) -> Markup {
    html! {
        @match &report.error {
            None => div.box.good { b { (say("签名有效", "The signature is valid")) } },
            Some(error) => div.box.bad {
                b { (say("签名无效", "The signature is not valid")) }
                p { (or_empty(report.reason)) ": " (error) }
            },
        }
        @for warning in &report.warnings { div.box.warn { (warning) } }
    }
}

fn facts(report: &VerifyReport) -> Markup {
    let charset = report.charset.map(|charset| {
        let from = report.charset_from.as_deref().unwrap_or_default();
        format!("{charset} ({from})")
    });
    let certificate = report.cert_sn.as_ref().map(|sn| {
        let until = or_empty(report.cert_not_after);
        format!("{sn}, {} {until}", say("有效期至", "until"))
    });
    html! {
        div.card { table.facts {
            (fact(say("商户", "Merchant"), format!("{} ({})", report.merchant, report.protocol)))
            (fact(say("签名类型", "Sign type"), or_empty(report.sign_type)))
            (fact(say("算法", "Algorithm"), or_empty(report.algorithm)))
            (fact(say("规则", "Rule"), or_empty(report.rule.as_ref())))
            (fact(say("密钥", "Key"), or_empty(report.key)))
            (fact(say("指纹", "Fingerprint"), or_empty(report.fingerprint.as_ref())))
            (fact(say("证书", "Certificate"), or_empty(certificate)))
            (fact(say("字符集", "Charset"), or_empty(charset)))
            (fact(say("不参与签名", "Left out"), report.ignored.join(", ")))
            (fact(say("处理", "Changed"), report.notes.join("; ")))
        } }
    }
}

/// What would make the signature hold.
fn remedies(report: &VerifyReport) -> Markup {
    html! {
        @if report.error.is_some() {
            h2 { (say("怎样才会成立", "What would make it hold")) }
            div.card {
                @for remedy in &report.remedies { p { b { (remedy.code) } ": " (remedy.says) } }
                @if report.remedies.is_empty() {
                    p { (say(
                        "没有找到：某个值被改过、缺少参数，或者支付宝现在用的不是配置里的密钥。",
                        "Nothing that was tried: a value was changed, a parameter is missing, or Alipay uses another key \
                         than the one that is configured.",
                    )) }
                }
            }
        }
    }
}

/// The checks that failed, one by one.
fn tried(report: &VerifyReport) -> Markup {
    if report.tried.is_empty() {
        return html! {};
    }
    let columns = [
        Column::text("签名类型", "Sign type"),
        Column::text("规则", "Rule"),
        Column::text("密钥", "Key"),
        Column::text("指纹", "Fingerprint"),
    ];
    let rows = report.tried.iter().map(|one: &SignatureTrial| {
        html! {
            tr {
                td { (one.sign_type) }
                td { (one.rule) }
                td { (one.key) }
                td.mono { (or_empty(one.fingerprint.as_ref())) }
            }
        }
    });
    html! { h2 { (say("试过的", "What was tried")) } (table(columns, rows)) }
}

/// The text that is signed.
fn signed_text(report: &VerifyReport) -> Markup {
    let texts = [&report.canonical, &report.other_canonical];
    html! {
        @if report.canonical.is_some() {
            h2 { (say("待签名的文本", "The text that is signed")) }
            @for text in texts.into_iter().flatten() { div.card { pre { (text) } } }
        }
    }
}

/// What becomes of it behind the ingress.
fn worker(trial: &Result<Option<DryRunResult>, Failure>) -> Markup {
    html! {
        h2 { (say("worker 会怎样处理", "What a worker would do with it now")) }
        @match trial {
            Err(failure) => (away(failure)),
            Ok(None) => div.card { p {
                (tag(Tone::Bad, say("不会到达 worker", "it does not get that far")))
            } },
            Ok(Some(result)) => div.card { p {
                (outcome_tag(result.effect.outcome)) " "
                @if let Some(order) = &result.order { (order_link(order)) " " }
                (because(result))
            } },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PasteMarks;

    #[test]
    fn what_copying_changed_is_noticed() {
        let marks = |body: &str| {
            let PasteMarks { has_line_breaks, has_decoded_text } = PasteMarks::of(body);
            (has_line_breaks, has_decoded_text)
        };
        assert_eq!(marks("a=%D6%D0&b=2"), (false, false));
        assert_eq!(marks("a=1&\r\nb=2"), (true, false));
        assert_eq!(marks("a=中&b=2"), (false, true));
    }
}

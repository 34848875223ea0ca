//! `/pauses`: what waits, what has waited, and the forms that begin and end a pause. Every page shows what waits.

use std::time::Duration;

use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};
use order::{OperatorAction, PauseScope, VariantArray as _};
use service::duration;
use service::language::{Language, say};
use service::page::{Column, hidden};

use super::address::{at, link};
use super::page::{Page, nothing, table, usage};
use super::request::PostedForm;
use super::right::Right;
use super::tag::{Tone, tag};
use super::{Console, Shared, person, user};
use crate::failure::Failure;
use crate::operations::action_record::{Actor, Change};
use crate::operations::pause::{self, ListedPause, PauseState, PausedWork, scope_in_chinese};

const PATH: &str = "/pauses";

/// Pauses that are listed.
const LISTED: i64 = 100;

/// How long a page waits to learn what is paused. After that it shows what was known before.
const PATIENCE: Duration = Duration::from_millis(500);

/// The lengths that the form offers.
const LENGTHS: [(&str, &str); 6] = [
    ("15m", "15 分钟"),
    ("1h", "1 小时"),
    ("4h", "4 小时"),
    ("12h", "12 小时"),
    ("1d", "1 天"),
    ("7d", "7 天"),
];

const WAITING: Column = Column::number("等待的消息", "Waiting");

/// What is paused, as a box on every page; nothing where nothing is.
pub(super) async fn banner(console: &Console) -> Markup {
    let asked = console.database(|connection| pause::active(connection));
    if let Ok(Ok(active)) = tokio::time::timeout(PATIENCE, asked).await {
        *console.paused.lock() = active;
    }
    let active = console.paused.lock().clone();
    html! {
        @if !active.is_empty() {
            div.remote role="status" {
                @for pause in &active {
                    p { b { (say("已暂停：", "Paused: ")) } (sentence(pause)) }
                }
                (link(&at(PATH), say("查看与恢复", "See and resume »")))
            }
        }
    }
}

fn sentence(pause: &ListedPause) -> String {
    match Language::here() {
        Language::English => pause.text(),
        Language::Chinese => pause.in_chinese(),
    }
}

/// What waits, in the language of the page.
fn work_words(scope: PauseScope, id: &str) -> String {
    format!("{} {id}", scope_words(scope)).trim_end().to_owned()
}

fn scope_words(scope: PauseScope) -> &'static str {
    say(scope_in_chinese(scope), scope.as_str())
}

pub(super) async fn show(State(console): Shared) -> Result<Page, Failure> {
    let pauses = console.database(|connection| pause::list(connection, LISTED)).await?;
    let columns = [
        Column::text("状态", "State"),
        Column::text("范围", "What"),
        Column::text("开始", "Since"),
        Column::text("结束", "Until"),
        WAITING,
        Column::text("谁", "Who"),
        Column::text("原因", "Why"),
        Column::NAMELESS,
    ];
    let may = user::may(Right::PauseWork);
    let body = html! {
        @if pauses.is_empty() {
            (nothing(say("从未暂停过。", "Nothing was ever paused.")))
        } @else {
            (table(columns, pauses.iter().map(|pause| row(&console, pause, may))))
        }
        h2 { (say("暂停", "Pause")) }
        @if may { (form(&console)) } @else { (user::may_not()) }
        p.note {
            (say(
                "支付宝仍得到 success；消息等待，不计重试，不进死信。约一秒后生效，恢复后几秒内处理。",
                "Alipay is still answered success. Messages wait: no retry is counted, none is dead-lettered. It takes about \
                 a second to begin, and some seconds to end.",
            ))
        }
    };
    Ok(Page::new(say("暂停", "Pauses"), body))
}

fn row(console: &Console, pause: &ListedPause, may: bool) -> Markup {
    let row = &pause.row;
    html! {
        tr {
            td { (state(pause.state)) }
            td { (work_words(row.scope, &row.scope_id)) }
            td.t { (row.begun_at.to_string()) }
            td.t { (row.ended_at.unwrap_or(row.ends_at).to_string()) }
            td.n { (pause.messages) }
            td {
                (row.begun_by)
                @if let Some(by) = &row.ended_by { span.soft { (say("恢复：", "resumed by ")) (by) } }
            }
            td { (row.reason) }
            td { @if may && pause.state == PauseState::Active { (resume_form(console, pause)) } }
        }
    }
}

fn state(state: PauseState) -> Markup {
    match state {
        PauseState::Active => tag(Tone::Warn, say("暂停中", "paused")),
        PauseState::Over => tag(Tone::Plain, say("到期", "over")),
        PauseState::Resumed => tag(Tone::Plain, say("已恢复", "resumed")),
    }
}

fn resume_form(console: &Console, pause: &ListedPause) -> Markup {
    html! {
        form method="post" action=(at(PATH)) {
            (console.guard.field())
            (hidden("scope", pause.row.scope.as_str()))
            (hidden("id", &pause.row.scope_id))
            (person::fields(say("原因", "Why"), say("原因", "Why"), false))
            button name="act" value=(OperatorAction::ResumeWork.as_str()) { (say("恢复", "Resume")) }
        }
    }
}

fn form(console: &Console) -> Markup {
    let id = say("商户名或商品号", "Merchant or product");
    html! {
        div.card { form method="post" action=(at(PATH)) {
            (console.guard.field())
            div.acts {
                select name="scope" aria-label=(say("范围", "What")) {
                    @for &scope in PauseScope::VARIANTS {
                        option value=(scope.as_str()) selected[scope == PauseScope::Product] {
                            (scope_words(scope))
                        }
                    }
                }
                input name="id" maxlength="64" placeholder=(id) aria-label=(id);
                select name="for" aria-label=(say("时长", "For how long")) {
                    @for (length, chinese) in LENGTHS {
                        option value=(length) selected[length == "1h"] { (say(chinese, length)) }
                    }
                }
                (person::fields(say("原因", "Why"), say("原因", "Why"), true))
                button.main name="act" value=(OperatorAction::PauseWork.as_str()) {
                    (say("暂停", "Pause"))
                }
            }
        } }
    }
}

/// Begins or ends a pause.
pub(super) async fn act(
    State(console): Shared,
    PostedForm(form): PostedForm,
) -> Result<Redirect, Failure> {
    let (by, reason) = (person::name(&form)?, person::note(&form)?);
    let work = match form.get("scope").parse() {
        Ok(PauseScope::Everything) => PausedWork::everything(),
        Ok(PauseScope::Merchant) => PausedWork::merchant(form.get("id")),
        Ok(PauseScope::Product) => PausedWork::product(form.get("id")),
        Err(_) => return Err(usage("请选择范围", "choose what to pause")),
    };
    let action = match form.get("act").parse() {
        Ok(OperatorAction::ResumeWork) => OperatorAction::ResumeWork,
        _ if reason.is_empty() => return Err(usage("请写原因", "say why")),
        _ => OperatorAction::PauseWork,
    };
    let length = duration::parse(form.get("for")).unwrap_or(pause::DEFAULT_LENGTH);
    Console::to_its_end(async move {
        let act = work.act(Actor::of_console(&by), action, &reason);
        let record = console.begin(act).await?;
        let config = console.config.clone();
        let (change, done) = console
            .database(move |connection| {
                let mut change = Change::default();
                let done = match action {
                    OperatorAction::ResumeWork => {
                        pause::resume(connection, &work, &by, &mut change).map(|_| ())
                    }
                    _ => {
                        let who = (by.as_str(), reason.as_str());
                        pause::begin(connection, &config, &work, who, length, &mut change)
                            .map(|_| ())
                    }
                };
                Ok((change, done))
            })
            .await
            .unwrap_or_else(|failure| (Change::default(), Err(failure)));
        console.end(record, change, &done).await;
        done.map(|()| Redirect::to(&at(PATH)))
    })
    .await
}

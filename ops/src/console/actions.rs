//! `/actions`: what operators did.

use ::order::{ActionResult, ActionSubject, OperatorAction, VariantArray as _};
use axum::extract::State;
use maud::{Markup, html};
use service::language::say;
use service::page::Column;
use store::operator_action::{self, ActionFilter, ActionRow};

use super::Shared;
use super::address::{address, at, link, listing, order_link};
use super::page::{Page, nothing, table, usage};
use super::request::{Fields, QueryString};
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::action_record::change_text;
use crate::operations::beijing_day::BeijingDay;

/// Acts on one page.
const LISTED: usize = 100;

const PATH: &str = "/actions";

/// What is looked for.
struct WantedActions {
    by: String,
    action: Option<OperatorAction>,
    subject: String,
    day: Option<BeijingDay>,
    older_than: Option<i64>,
}

impl WantedActions {
    fn read(query: &Fields) -> Result<WantedActions, Failure> {
        let wrong = || usage("筛选条件无法识别", "a filter cannot be read");
        let action = query.some("action").map(str::parse).transpose().map_err(|_| wrong())?;
        let day = query.some("day").map(str::parse).transpose().map_err(|_| wrong())?;
        let older_than = query.some("older_than").map(str::parse).transpose();
        let text = |name| query.get(name).to_owned();
        Ok(WantedActions {
            by: text("by"),
            action,
            subject: text("subject"),
            day,
            older_than: older_than.map_err(|_| wrong())?,
        })
    }

    /// The page that lists it, from the act with this number on.
    fn address(&self, older_than: Option<i64>) -> String {
        let day = self.day.map(|day| day.to_string()).unwrap_or_default();
        let older_than = older_than.map(|id| id.to_string()).unwrap_or_default();
        let filters = [
            ("by", self.by.as_str()),
            ("action", self.action.map(OperatorAction::as_str).unwrap_or_default()),
            ("subject", &self.subject),
            ("day", &day),
            ("older_than", &older_than),
        ];
        listing(PATH, &filters)
    }
}

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let wanted = WantedActions::read(&query)?;
    let (wanted, mut rows) = console
        .database(move |connection| {
            let filter = ActionFilter {
                by: Some(wanted.by.as_str()).filter(|by| !by.is_empty()),
                action: wanted.action,
                subject: Some(wanted.subject.as_str()).filter(|subject| !subject.is_empty()),
                since: wanted.day.map(BeijingDay::begin),
                until: wanted.day.map(BeijingDay::end),
                older_than: wanted.older_than,
            };
            let rows = operator_action::list(connection, &filter, LISTED as i64 + 1)?;
            Ok((wanted, rows))
        })
        .await?;
    let more = rows.len() > LISTED;
    rows.truncate(LISTED);
    let older = rows.last().filter(|_| more).map(|last| wanted.address(Some(last.id)));
    let columns = [
        Column::text("时间", "When"),
        Column::text("谁", "Who"),
        Column::text("操作", "Action"),
        Column::text("对象", "On"),
        Column::text("变化", "Change"),
        Column::text("原因", "Why"),
        Column::text("结果", "Result"),
    ];
    let body = html! {
        (filter_bar(&wanted))
        @if rows.is_empty() {
            (nothing(say("没有符合条件的操作。", "No action matches.")))
        } @else {
            (table(columns, rows.iter().map(row)))
        }
        p.pages {
            @if wanted.older_than.is_some() {
                (link(&wanted.address(None), say("« 最新", "Latest")))
            }
            @if let Some(older) = older { (link(&older, say("更早", "Older »"))) }
        }
    };
    Ok(Page::new(say("操作记录", "Actions"), body))
}

fn filter_bar(wanted: &WantedActions) -> Markup {
    let (by, subject) =
        (say("谁", "Who"), say("订单、死信、复核或商品", "Order, letter, review or product"));
    let day = wanted.day.map(|day| day.to_string()).unwrap_or_default();
    html! {
        form.bar method="get" action=(at(PATH)) {
            input name="by" placeholder=(by) aria-label=(by) value=(wanted.by);
            select name="action" aria-label=(say("操作", "Action")) {
                option value="" { (say("全部操作", "Any action")) }
                @for &action in OperatorAction::VARIANTS {
                    option value=(action.as_str()) selected[wanted.action == Some(action)] {
                        (action_words(action))
                    }
                }
            }
            input name="subject" placeholder=(subject) aria-label=(subject) value=(wanted.subject);
            input name="day" type="date" aria-label=(say("日期", "Day")) value=(day);
            button.main { (say("筛选", "Filter")) }
        }
    }
}

fn row(act: &ActionRow) -> Markup {
    let known: Option<OperatorAction> = act.action.parse().ok();
    let words = known.map_or(act.action.as_str(), |action| action_words(action));
    html! {
        tr {
            td.t { (act.done_at.to_string()) }
            td { (act.done_by) span.soft { (act.source) } }
            td { (words) }
            td.id { (subject(act)) }
            td { (change_text(act).unwrap_or_default()) }
            td { (act.reason.as_deref().unwrap_or_default()) }
            td {
                (result(act))
                @if let Some(error) = &act.error { span.soft { (error) } }
            }
        }
    }
}

/// What it was done to, with a link where it has a page.
fn subject(act: &ActionRow) -> Markup {
    match act.subject_kind.parse() {
        Ok(ActionSubject::Order) if !act.subject.contains(' ') => order_link(&act.subject),
        Ok(ActionSubject::Review) => link(&address("/reviews/", &act.subject), &act.subject),
        _ => html! { (act.subject) },
    }
}

fn result(act: &ActionRow) -> Markup {
    match act.result.parse() {
        Ok(ActionResult::Done) => tag(Tone::Good, say("完成", "done")),
        Ok(ActionResult::Failed) => tag(Tone::Bad, say("失败", "failed")),
        Ok(ActionResult::Begun) => tag(Tone::Warn, say("未结束", "begun")),
        Err(_) => tag(Tone::Plain, &act.result),
    }
}

/// An action in the language of the page.
fn action_words(action: OperatorAction) -> &'static str {
    match action {
        OperatorAction::LogIn => say("登录", "log in"),
        OperatorAction::RefuseLogin => say("登录失败", "login refused"),
        OperatorAction::LogOut => say("退出", "log out"),
        OperatorAction::ReplayLetters => say("重放死信", "replay dead letters"),
        OperatorAction::DiscardLetters => say("丢弃死信", "discard dead letters"),
        OperatorAction::RestoreLetters => say("恢复死信", "restore dead letters"),
        OperatorAction::NoteLetters => say("死信备注", "note on dead letters"),
        OperatorAction::SyncLetters => say("校正死信记录", "correct the rows of dead letters"),
        OperatorAction::DecideReview => say("复核决定", "decide a review"),
        OperatorAction::RequestRefund => say("退款", "refund"),
        OperatorAction::CloseTrade => say("关闭交易", "close a trade"),
        OperatorAction::ApplyAnswer => say("应用网关查询结果", "apply the gateway's answer"),
        OperatorAction::ReconcileOrders => say("对账", "reconcile"),
        OperatorAction::CreateOrder => say("创建订单", "create an order"),
        OperatorAction::ImportOrders => say("导入订单", "import orders"),
        OperatorAction::SetAccount => say("设置账号", "set an account"),
        OperatorAction::AmendOrder => say("修改订单", "amend an order"),
        OperatorAction::ConfirmAmendment => say("确认修改", "confirm an amendment"),
        OperatorAction::WithdrawAmendment => say("撤回修改", "withdraw an amendment"),
        OperatorAction::AddProduct => say("添加商品", "add a product"),
        OperatorAction::SetProduct => say("修改商品", "change a product"),
        OperatorAction::ImportCodes => say("导入卡密", "import codes"),
        OperatorAction::WithdrawCodes => say("取出卡密", "withdraw codes"),
        OperatorAction::PutBackCodes => say("放回卡密", "put codes back"),
        OperatorAction::ResellCodes => say("重新上架卡密", "resell codes"),
        OperatorAction::PauseWork => say("暂停", "pause"),
        OperatorAction::ResumeWork => say("恢复处理", "resume"),
        OperatorAction::ForgetRetry => say("划掉重试消息", "forget a retry"),
        OperatorAction::PruneRows => say("清理旧数据", "remove old rows"),
        OperatorAction::ApplyTopology => say("声明队列", "declare the topology"),
        OperatorAction::MigrateSchema => say("升级表结构", "migrate the schema"),
    }
}

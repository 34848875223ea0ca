//! `/`: the whole system on one page.

use service::html::Html;
use service::language::{Language, say};
use std::sync::PoisonError;

use queue::topology::work_queue;
use store::BeijingTime;
use store::counts::Waiting;

use super::Console;
use super::address::listing;
use super::cohort::{Cohort, NO_REASON};
use super::layout::{Page, away, nothing};
use super::list::{Column, list};
use super::request::Asked;
use super::tag::{self, Tone, tag};
use crate::failure::Failure;
use crate::operations::overview::Overview;
use crate::operations::overview::broker::{BrokerLook, Known};
use crate::operations::overview::ingress::IngressLook;
use crate::operations::verdict::{Answer, Finding, NotAsked, Urgency};

/// Seconds between two looks, where the page is loaded again by itself.
const REFRESH: u32 = 10;

const MESSAGES: Column = Column::number("消息", "Messages");
const READY: Column = Column::number("就绪", "Ready");
const CONSUMERS: Column = Column::number("消费者", "Consumers");
const SENT_FOR_A_RETRY: Column = Column::number("待重试", "Sent for a retry");
const AVAILABLE: Column = Column::number("可售 / 警戒线", "Available / low at");

pub(super) async fn show(console: &Console, asked: &Asked) -> Result<Page, Failure> {
    let ingress = IngressLook::take(&console.config);
    let (database, broker, ingress) =
        tokio::join!(ask_database(console), ask_broker(console), ingress);
    let mut overview = match database {
        Ok(overview) => overview,
        Err(failure) => {
            let mut overview = Overview::of(&console.config);
            overview.not_asked.push(NotAsked::Database { why: failure.to_string() });
            overview
        }
    };
    overview.ingress = ingress;
    match broker {
        Ok(look) => overview.see(look),
        Err(failure) => overview.not_asked.push(NotAsked::Broker { why: failure.to_string() }),
    }
    overview.judge();
    let servers_away = overview.not_asked.iter().filter(|it| it.is_server()).count();
    let refreshed = asked.query.some("refresh").is_some();
    let body = Html::new()
        .html(verdict(&overview))
        .html(tiles(&overview))
        .raw("<div class=\"two\"><section>")
        .html(orders(&overview))
        .html(low_stock(&overview))
        .raw("</section><section>")
        .html(queues(&overview))
        .html(reasons(&overview))
        .raw("</section></div>\n<p class=\"note\">")
        .html(behind(&overview))
        .html(match refreshed {
            true => Html::new().link("/", say("停止自动刷新", "Stop reloading")),
            false => Html::new().link("/?refresh=1", say("每 10 秒自动刷新", "Reload every 10 s")),
        })
        .raw("</p>");
    let mut page = Page::new("/", say("总览", "Status"), body);
    page.refresh = refreshed.then_some(REFRESH);
    if servers_away == 2 {
        page.status = hyper::StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(page)
}

async fn ask_database(console: &Console) -> Result<Overview, Failure> {
    let config = console.config.clone();
    let ask = move |connection: &mut store::Connection| {
        let mut overview = Overview::of(&config);
        overview.ask_database(connection, &config)?;
        Ok(overview)
    };
    console.database(ask).await
}

/// Letters are only read again when their number has changed.
async fn ask_broker(console: &Console) -> Result<BrokerLook, Failure> {
    let known = || console.known.lock().unwrap_or_else(PoisonError::into_inner);
    let before = known().clone();
    let events = console.config.events.enabled;
    let management = console.management.as_ref();
    let look = BrokerLook::take(console.broker(), management, events, &before).await?;
    *known() = Known::after(&look, before);
    Ok(look)
}

/// The verdict of `ops status`: whether all is well, and each finding with what to do.
fn verdict(overview: &Overview) -> Html {
    let verdict = &overview.verdict;
    let (tone, chinese) = match (verdict.answer, verdict.wrong()) {
        (Answer::Well, _) => ("good", "一切正常".to_owned()),
        (Answer::Wrong, wrong) => ("bad", format!("{wrong} 项异常")),
        (Answer::NotAllAsked, wrong) => ("bad", format!("有服务无法查询，共 {wrong} 项异常")),
    };
    let headline = match Language::here() {
        Language::Chinese => chinese,
        Language::English => verdict.headline(),
    };
    Html::new()
        .raw("<div class=\"box ")
        .raw(tone)
        .raw("\"><b>")
        .text(&headline)
        .raw("</b></div>\n")
        .all(verdict.findings.iter().map(finding))
}

fn finding(finding: &Finding) -> Html {
    let told = told(finding);
    match finding {
        Finding::NotAsked(asked) => told.all(asked.server_failure().as_ref().map(away)),
        _ => told,
    }
}

fn told(finding: &Finding) -> Html {
    let urgency = finding.urgency();
    let tone = match urgency {
        Urgency::Now => Tone::Bad,
        Urgency::Soon => Tone::Warn,
        Urgency::Later => Tone::Plain,
    };
    let class = if finding.is_wrong() { "<div class=\"box bad\">" } else { "<div class=\"box\">" };
    Html::new()
        .raw(class)
        .html(tag(tone, say(urgency.chinese(), urgency.word().trim_end())))
        .raw(" <span class=\"mono\">")
        .text(finding.code())
        .raw("</span> ")
        .raw(say(finding.chinese(), ""))
        .raw(say("。", ""))
        .text(&finding.seen())
        .raw("<br>")
        .raw(say("处理：", "Do:"))
        .raw(" ")
        .text(&finding.to_do())
        .raw("</div>\n")
}

/// What needs a person first, in large numbers.
fn tiles(overview: &Overview) -> Html {
    let age = |waiting: &Waiting| waiting.oldest.map(|oldest| overview.age(oldest));
    let waiting = |of: &Option<Waiting>| of.as_ref().map(|it| (it.count, age(it)));
    let queue = |name: &str| {
        let found = overview.queues.as_ref()?.iter().find(|queue| queue.name == name)?;
        Some((i64::from(found.messages?), None))
    };
    let asked = overview.gateway_queries.as_ref();
    let outbox = overview.outbox.as_ref();
    let due = asked.map(|it| (it.due, it.oldest_due.map(|oldest| overview.age(oldest))));
    let events = outbox.map(|it| (it.unpublished, it.oldest.map(|oldest| overview.age(oldest))));
    let letters = overview.dead_letters.map(|it| (i64::from(it), None));
    let low = overview.low_stock.as_ref().map(|it| (it.len() as i64, None));
    let first = [
        tile(say("死信", "Dead letters"), "/dead-letters", Tone::Bad, letters),
        tile(say("待复核", "Open reviews"), "/reviews", Tone::Bad, waiting(&overview.open_reviews)),
        tile(
            say("缺货订单", "Out of stock"),
            "/orders?goods=awaiting_stock",
            Tone::Bad,
            waiting(&overview.awaiting_stock),
        ),
        tile(
            say("待人工发货", "By hand"),
            "/orders?goods=awaiting_manual",
            Tone::Warn,
            waiting(&overview.awaiting_manual),
        ),
        tile(
            say("缺账号", "No account"),
            "/orders?goods=awaiting_account",
            Tone::Warn,
            waiting(&overview.awaiting_account),
        ),
        tile(say("低库存商品", "Low stock"), "/products", Tone::Warn, low),
    ];
    let second = [
        tile(say("待处理消息", "To work on"), "", Tone::Plain, queue(&work_queue(0))),
        tile(say("重试超时", "Retries overdue"), "", Tone::Bad, waiting(&overview.overdue())),
        tile(say("待发布事件", "Events to send"), "", Tone::Plain, events),
        tile(say("待查询网关", "Queries due"), "", Tone::Plain, due),
        tile(say("网关无答复", "Unanswered"), "", Tone::Warn, asked.map(|it| (it.failed, None))),
    ];
    Html::new()
        .raw("<div class=\"tiles\">")
        .all(first)
        .raw("</div>\n<div class=\"tiles minor\">")
        .all(second)
        .raw("</div>\n")
}

fn tile(
    name: &'static str,
    path: &'static str,
    tone: Tone,
    value: Option<(i64, Option<String>)>,
) -> Html {
    let none = value.as_ref().is_none_or(|(count, _)| *count == 0);
    let tone = if none { Tone::Plain } else { tone };
    let (open, close) = if path.is_empty() { ("<div", "</div>") } else { ("<a", "</a>") };
    let mut html = Html::new().raw(open).raw(" class=\"tile ").raw(tone.class()).raw("\"");
    if !path.is_empty() {
        html = html.raw(" href=\"").raw(path).raw("\"");
    }
    html = html.raw("><span>").raw(name).raw("</span><b>");
    html = match &value {
        Some((count, _)) => html.shown(count),
        None => html.raw("?"),
    };
    html = html.raw("</b>");
    html = match value {
        Some((_, Some(age))) => html.raw("<span>").raw(say("最久", "oldest")).raw(" ").text(&age),
        Some((_, None)) => html.raw("<span class=\"none\">&nbsp;"),
        None => html.raw("<span>").raw(say("无法查询", "not known")),
    };
    html.raw("</span>").raw(close)
}

fn orders(overview: &Overview) -> Html {
    let html = Html::new().raw("<h2>").raw(say("订单", "Orders by status")).raw("</h2>");
    let Some(orders) = &overview.orders else { return html.html(unknown()) };
    if orders.is_empty() {
        return html.html(nothing(say("还没有订单。", "No orders yet.")));
    }
    let rows = orders.iter().map(|count| {
        let code = count.status.to_string();
        Html::new()
            .raw("<tr><td>")
            .html(tag::status(count.status))
            .raw("</td><td class=\"n\">")
            .link(&listing("/orders", &[("status", &code)]), &count.orders.to_string())
            .raw("</td></tr>\n")
    });
    html.raw("<div class=\"card\"><table>").all(rows).raw("</table></div>\n")
}

fn low_stock(overview: &Overview) -> Html {
    let html = Html::new().raw("<h2>").raw(say("低库存", "Low stock")).raw("</h2>");
    let Some(low) = &overview.low_stock else { return html.html(unknown()) };
    if low.is_empty() {
        return html
            .html(nothing(say("没有达到警戒线的商品。", "No product is down to its threshold.")));
    }
    let rows = low.iter().map(|product| {
        Html::new()
            .raw("<tr><td class=\"mono\">")
            .text(&product.product_id)
            .raw("</td>")
            .html(AVAILABLE.cell(format!("{} / {}", product.available, product.low_stock)))
            .raw("</tr>\n")
    });
    html.html(list([Column::text("商品", "Product"), AVAILABLE], rows))
}

fn queues(overview: &Overview) -> Html {
    let html = Html::new().raw("<h2>").raw(say("队列", "Queues")).raw("</h2>");
    let Some(queues) = &overview.queues else { return html.html(unknown()) };
    let rows = queues.iter().map(|queue| {
        let mut row = Html::new().raw("<tr><td class=\"mono\">").text(&queue.name).raw("</td>");
        row = match queue.messages {
            Some(messages) => row.html(MESSAGES.cell(messages)),
            None => row.cell_of(tag(
                Tone::Bad,
                say(say("缺失：", "ops topology apply"), "missing: ops topology apply"),
            )),
        };
        let booked = overview.retries.iter().flatten().find(|tier| tier.tier == queue.name);
        let shown = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
        row = row
            .html(READY.cell(shown(queue.ready.map(i64::from))))
            .html(CONSUMERS.cell(shown(queue.consumers.map(i64::from))))
            .html(SENT_FOR_A_RETRY.cell(shown(booked.map(|tier| tier.copies))));
        match booked.map(|tier| tier.overdue).filter(|overdue| *overdue > 0) {
            Some(overdue) => row.cell_of(tag(Tone::Bad, &overdue.to_string())),
            None => row.number(""),
        }
        .raw("</tr>\n")
    });
    let html = html.html(list(
        [
            Column::text("队列", "Queue"),
            MESSAGES,
            READY,
            CONSUMERS,
            SENT_FOR_A_RETRY,
            Column::number("超时", "Overdue"),
        ],
        rows,
    ));
    match overview.queue_totals {
        Some(false) => html
            .raw("<p class=\"note\">")
            .raw(say(
                "只计就绪消息；设置 amqp.management_url 后显示总数。",
                "Counts ready messages only: set amqp.management_url for totals.",
            ))
            .raw("</p>\n"),
        _ => html,
    }
}

fn reasons(overview: &Overview) -> Html {
    let Some(reasons) = overview.dead_letters_by_reason.as_ref().filter(|it| !it.is_empty()) else {
        return Html::new();
    };
    let rows = reasons.iter().map(|(reason, letters)| {
        let known = if reason == "no reason" { NO_REASON } else { reason };
        let cohort = Cohort { reason: known.to_owned(), ..Cohort::default() };
        let name = Html::new().link(&cohort.address(), reason);
        Html::new().raw("<tr>").cell_of(name).number(letters).raw("</tr>\n")
    });
    Html::new()
        .raw("<h2>")
        .raw(say("死信原因", "Why letters died"))
        .raw("</h2><div class=\"card\"><table>")
        .all(rows)
        .raw("</table></div>\n")
}

fn behind(overview: &Overview) -> Html {
    let Some(work) = &overview.work else { return Html::new() };
    let Some(milliseconds) = work.behind_milliseconds else {
        return Html::new().raw(say("还没有处理过消息。", "No message was worked on yet. "));
    };
    let (seconds, rest) = (milliseconds / 1000, milliseconds.unsigned_abs() % 1000);
    let at = work.latest.map(|at: BeijingTime| at.to_string()).unwrap_or_default();
    Html::new()
        .raw(say("最近处理的消息：", "Last worked on: the message of "))
        .text(&at)
        .raw(say("，等待了 ", ", after waiting "))
        .text(&format!("{seconds}.{rest:03} s"))
        .raw(" · ")
}

fn unknown() -> Html {
    nothing(say("无法查询。", "Not known now."))
}

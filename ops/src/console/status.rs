//! `/`: the whole system on one page.

use axum::extract::State;
use axum::http::StatusCode;
use config::Urgency;
use maud::{Markup, html};
use queue::topology::Layout;
use service::language::{Language, say};
use service::page::Column;
use store::BeijingTime;
use store::counts::WaitingCount;
use store::user_order::count_undelivered;

use super::activity::charts;
use super::address::{at, link, listing};
use super::letter_query::LetterQuery;
use super::page::{Page, away, nothing, table};
use super::request::QueryString;
use super::tag::{self, Tone, tag};
use super::{Console, Shared, undelivered};
use crate::failure::Failure;
use crate::operations::dead_letter::NO_REASON;
use crate::operations::overview::Overview;
use crate::operations::overview::broker::{BrokerLook, QueueDepth};
use crate::operations::verdict::{
    Description, Finding, SystemHealth, urgency_chinese, urgency_word,
};

/// Seconds between two looks, where the page is loaded again by itself.
const REFRESH: u32 = 10;

const MESSAGES: Column = Column::number("消息", "Messages");
const READY: Column = Column::number("就绪", "Ready");
const CONSUMERS: Column = Column::number("消费者", "Consumers");
const SENT_FOR_A_RETRY: Column = Column::number("待重试", "Sent for a retry");
const AVAILABLE: Column = Column::number("可售 / 警戒线", "Available / low at");

pub(super) async fn show(
    State(console): Shared,
    QueryString(query): QueryString,
) -> Result<Page, Failure> {
    let config = console.config.clone();
    let database = console.database(move |connection| Overview::of_database(connection, &config));
    let overview = Overview::take(&console.config, database, ask_broker(&console), None);
    let undelivered = console.database(|connection| Ok(count_undelivered(connection)?));
    let (overview, undelivered) = tokio::join!(overview, undelivered);
    let overview = overview?;
    let refreshed = query.some("refresh").is_some();
    let body = html! {
        (verdict(&overview))
        (tiles(&overview, undelivered.ok()))
        (charts(&console))
        div.two {
            section { (orders(&overview)) (low_stock(&overview)) }
            section { (queues(&overview)) (reasons(&overview)) }
        }
        p.note {
            (behind(&overview))
            @match refreshed {
                true => (link(&at("/"), say("停止自动刷新", "Stop reloading"))),
                false => (link(&at("/?refresh=1"), say("每 10 秒自动刷新", "Reload every 10 s"))),
            }
        }
    };
    let mut page = Page::new(say("总览", "Status"), body);
    page.refresh = refreshed.then_some(REFRESH);
    if overview.servers_away().count() == 2 {
        page.status = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(page)
}

/// Letters are only read again when their number has changed.
async fn ask_broker(console: &Console) -> Result<BrokerLook, Failure> {
    let known = || console.known.lock();
    let mut next = known().clone();
    let layout = Layout::configured(&console.config);
    let look = next.look(console.broker(), console.management.as_ref(), layout).await?;
    *known() = next;
    Ok(look)
}

/// The verdict of `ops status`: whether all is well, and each finding with what to do.
fn verdict(overview: &Overview) -> Markup {
    let verdict = &overview.verdict;
    let (tone, chinese) = match (verdict.answer, verdict.wrong()) {
        (SystemHealth::Well, _) => ("good", "一切正常".to_owned()),
        (SystemHealth::Wrong, wrong) => ("bad", format!("{wrong} 项异常")),
        (SystemHealth::NotAllAsked, wrong) => ("bad", format!("有服务无法查询，共 {wrong} 项异常")),
    };
    let headline = match Language::here() {
        Language::Chinese => chinese,
        Language::English => verdict.headline(),
    };
    html! {
        div.box.(tone) { b { (headline) } }
        @for found in &verdict.findings { (finding(found)) }
    }
}

fn finding(finding: &Finding) -> Markup {
    let Description { urgency, code, chinese, seen, to_do } = finding.describe();
    let tone = match urgency {
        Urgency::Now => Tone::Bad,
        Urgency::Soon => Tone::Warn,
        Urgency::Later => Tone::Plain,
    };
    let class = if finding.is_wrong() { "box bad" } else { "box" };
    let server = match finding {
        Finding::NotAsked(asked) => asked.server_failure(),
        _ => None,
    };
    html! {
        div class=(class) {
            (tag(tone, say(urgency_chinese(urgency), urgency_word(urgency).trim_end())))
            " " span.mono { (code) } " "
            (say(chinese, "")) (say("。", "")) (seen)
            br;
            (say("处理：", "Do:")) " " (to_do)
        }
        @if let Some(failure) = server { (away(&failure)) }
    }
}

/// What needs a person first, in large numbers.
fn tiles(overview: &Overview, undelivered: Option<WaitingCount>) -> Markup {
    let age = |waiting: &WaitingCount| waiting.oldest.map(|oldest| overview.age(oldest));
    let waiting = |of: &Option<WaitingCount>| of.as_ref().map(|it| (it.count, age(it)));
    let to_work_on = || {
        overview.queues.as_ref()?;
        let messages = overview.work_queues().map(|queue| queue.messages.map(i64::from));
        Some((messages.sum::<Option<i64>>()?, None))
    };
    let asked = overview.gateway_queries.as_ref();
    let outbox = overview.outbox.as_ref();
    let due = asked.map(|it| (it.due, it.oldest_due.map(|oldest| overview.age(oldest))));
    let events = outbox.map(|it| (it.unpublished, it.oldest.map(|oldest| overview.age(oldest))));
    let letters = overview.dead_letters.map(|it| (i64::from(it), None));
    let low = overview.low_stock.as_ref().map(|it| (it.len() as i64, None));
    let first = [
        tile(
            say("已付款未发货", "Paid, not delivered"),
            undelivered::PATH,
            Tone::Bad,
            waiting(&undelivered),
        ),
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
        tile(say("待处理消息", "To work on"), "", Tone::Plain, to_work_on()),
        tile(say("重试超时", "Retries overdue"), "", Tone::Bad, waiting(&overview.overdue())),
        tile(say("待发布事件", "Events to send"), "", Tone::Plain, events),
        tile(say("待查询网关", "Queries due"), "", Tone::Plain, due),
        tile(say("网关无答复", "Unanswered"), "", Tone::Warn, asked.map(|it| (it.failed, None))),
    ];
    html! {
        div.tiles { @for tile in first { (tile) } }
        div.tiles.minor { @for tile in second { (tile) } }
    }
}

fn tile(name: &str, path: &str, tone: Tone, value: Option<(i64, Option<String>)>) -> Markup {
    let none = value.as_ref().is_none_or(|(count, _)| *count == 0);
    let class = format!("tile {}", if none { Tone::Plain } else { tone }.class());
    let inside = html! {
        span { (name) }
        @match value {
            None => { b { "?" } span { (say("无法查询", "not known")) } }
            Some((count, None)) => { b { (count) } span.none { "\u{a0}" } }
            Some((count, Some(age))) => {
                b { (count) } span { (say("最久", "oldest")) " " (age) }
            }
        }
    };
    html! {
        @if path.is_empty() {
            div class=(class) { (inside) }
        } @else {
            a class=(class) href=(at(path)) { (inside) }
        }
    }
}

/// A part of the page; `None` is what cannot be asked now.
fn section(heading: &str, content: Option<Markup>) -> Markup {
    html! { h2 { (heading) } (content.unwrap_or_else(|| nothing(say("无法查询。", "Not known now.")))) }
}

fn orders(overview: &Overview) -> Markup {
    let listed = overview.orders.as_ref().map(|orders| {
        if orders.is_empty() {
            return nothing(say("还没有订单。", "No orders yet."));
        }
        html! {
            div.card { table {
                @for count in orders {
                    @let address = listing("/orders", &[("status", &count.status.to_string())]);
                    tr {
                        td { (tag::status(count.status)) }
                        td.n { (link(&address, &count.orders.to_string())) }
                    }
                }
            } }
        }
    });
    section(say("订单", "Orders by status"), listed)
}

fn low_stock(overview: &Overview) -> Markup {
    let listed = overview.low_stock.as_ref().map(|low| {
        if low.is_empty() {
            return nothing(say("没有达到警戒线的商品。", "No product is down to its threshold."));
        }
        let rows = low.iter().map(|product| {
            html! {
                tr {
                    td.mono { (product.product_id) }
                    (AVAILABLE.cell(format!("{} / {}", product.available, product.low_stock)))
                }
            }
        });
        table([Column::text("商品", "Product"), AVAILABLE], rows)
    });
    section(say("低库存", "Low stock"), listed)
}

fn queues(overview: &Overview) -> Markup {
    let columns = [
        Column::text("队列", "Queue"),
        MESSAGES,
        READY,
        CONSUMERS,
        SENT_FOR_A_RETRY,
        Column::number("超时", "Overdue"),
    ];
    let listed = overview.queues.as_ref().map(|queues| {
        html! {
            (table(columns, queues.iter().map(|queue| queue_row(overview, queue))))
            @if overview.queue_totals == Some(false) {
                p.note {
                    (say(
                        "只计就绪消息；设置 amqp.management_url 后显示总数。",
                        "Counts ready messages only: set amqp.management_url for totals.",
                    ))
                }
            }
        }
    });
    section(say("队列", "Queues"), listed)
}

fn queue_row(overview: &Overview, queue: &QueueDepth) -> Markup {
    let booked = overview.retries.iter().flatten().find(|tier| tier.tier == queue.name);
    let overdue = booked.map(|tier| tier.overdue).filter(|overdue| *overdue > 0);
    let shown = |number: Option<i64>| number.map(|it| it.to_string()).unwrap_or_default();
    html! {
        tr {
            td.mono { (queue.name) }
            @match queue.messages {
                Some(messages) => (MESSAGES.cell(messages)),
                None => td {
                    (tag(Tone::Bad, say("缺失：ops topology apply", "missing: ops topology apply")))
                },
            }
            (READY.cell(shown(queue.ready.map(i64::from))))
            (CONSUMERS.cell(shown(queue.consumers.map(i64::from))))
            (SENT_FOR_A_RETRY.cell(shown(booked.map(|tier| tier.copies))))
            @match overdue {
                Some(overdue) => td { (tag(Tone::Bad, &overdue.to_string())) },
                None => td.n {},
            }
        }
    }
}

fn reasons(overview: &Overview) -> Markup {
    let Some(reasons) = overview.dead_letters_by_reason.as_ref().filter(|it| !it.is_empty()) else {
        return html! {};
    };
    html! {
        h2 { (say("死信原因", "Why letters died")) }
        div.card { table {
            @for (reason, letters) in reasons {
                @let filter = LetterQuery::of_reason(Some(reason.as_str()).filter(|it| *it != NO_REASON));
                tr { td { (link(&filter.address(), reason)) } td.n { (letters) } }
            }
        } }
    }
}

fn behind(overview: &Overview) -> Markup {
    let Some(work) = &overview.work else { return html! {} };
    let Some(milliseconds) = work.behind_milliseconds else {
        return html! { (say("还没有处理过消息。", "No message was worked on yet. ")) };
    };
    let (seconds, rest) = (milliseconds / 1000, milliseconds.unsigned_abs() % 1000);
    let at = work.latest.map(|at: BeijingTime| at.to_string()).unwrap_or_default();
    html! {
        (say("最近处理的消息：", "Last worked on: the message of ")) (at)
        (say("，等待了 ", ", after waiting ")) (format!("{seconds}.{rest:03} s")) " · "
    }
}

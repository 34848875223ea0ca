//! The charts of the overview: what goes through the system by the minute. One task of the console looks every few seconds; a
//! page only draws what it has found.

use std::sync::Arc;

use alipay::BEIJING;
use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};
use service::language::{Language, say};
use tokio::time::{MissedTickBehavior, interval};

use super::Console;
use super::chart::{Bar, series};
use crate::failure::Failure;
use crate::operations::activity::{Minute, SAMPLE_TIME, Sampler, SilentSource, look_at_rows};

/// Looks until the task is dropped.
pub(super) async fn watch(console: Arc<Console>) {
    let mut sampler = Sampler::new(&console.config);
    let mut ticks = interval(SAMPLE_TIME);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (mark, pool) = (sampler.mark(), console.sampling.clone());
        // A connection of its own, so that no page waits for it.
        let look = move || look_at_rows(&mut *pool.get()?, mark);
        let rows = tokio::task::spawn_blocking(look).await.unwrap_or_else(|error| {
            Err(Failure::CouldNotAsk(format!("the rows were not read: {error}")))
        });
        let (sample, silent) = sampler.take(rows).await;
        let mut history = console.activity.lock();
        history.add(Utc::now(), sample);
        history.silent = silent;
    }
}

/// All charts, and who did not answer.
pub(super) fn charts(console: &Console) -> Markup {
    let (minutes, silent) = {
        let history = console.activity.lock();
        (history.minutes(Utc::now()), history.silent.clone())
    };
    let chart = |id: &str, label: &str, value: &dyn Fn(&Minute) -> Option<u64>| {
        let bar = |minute: &Minute| Bar {
            title: clock(minute),
            value: value(minute).map(|value| i64::try_from(value).unwrap_or(i64::MAX)),
        };
        let bars: Vec<Bar> = minutes.iter().map(bar).collect();
        let end = |minute: Option<&Minute>| minute.map(clock).unwrap_or_default();
        series(id, label, &bars, &end(minutes.first()), &end(minutes.last()))
    };
    let to_commit = say("success 到发货，毫秒", "success to delivered, ms");
    html! {
        h2 { (say("最近两小时，每分钟", "The last two hours, by the minute")) }
        div.charts {
            (chart("received", say("已接收", "Received"), &|minute| minute.sum.received))
            (chart("delivered", say("已发货", "Delivered"), &|minute| minute.sum.delivered))
            (chart("refused", say("已拒收", "Refused"), &|minute| minute.sum.refused))
            (chart("retries", say("进入重试", "Retries"), &|minute| minute.sum.retries))
            (chart("dead-letters", say("新死信", "Dead letters"), &|minute| minute.sum.dead_letters))
            (chart("p50", &format!("{to_commit}, p50"), &|minute| minute.percentile(50)))
            (chart("p99", &format!("{to_commit}, p99"), &|minute| minute.percentile(99)))
            (chart("backlog", say("积压，秒", "Backlog, seconds"), &|minute| minute.sum.backlog_seconds))
        }
        @if !silent.is_empty() {
            p.note {
                (say("灰色：没有数据。没有回答：", "Grey: not known. No answer: "))
                (silent.iter().map(words).collect::<Vec<_>>().join("; "))
            }
        }
    }
}

fn words(silent: &SilentSource) -> String {
    match Language::here() {
        Language::Chinese => silent.chinese(),
        Language::English => silent.english(),
    }
}

/// `16:05` in Beijing.
fn clock(minute: &Minute) -> String {
    let begin = DateTime::UNIX_EPOCH + TimeDelta::minutes(minute.number);
    begin.with_timezone(&BEIJING).format("%H:%M").to_string()
}

//! What a replay of dead letters would do.

use maud::{Markup, html};
use service::language::say;
use service::page::Column;

use super::Console;
use super::address::{link, order_link};
use super::letter_actions::left_out_warning;
use super::letter_query::Selection;
use super::letters::{act_fields, letter_link};
use super::page::{Page, nothing, table};
use super::tag::{Tone, tag};
use crate::failure::Failure;
use crate::operations::dead_letter::dry_run::{DryRun, dry_run as dry_run_letters};
use crate::operations::dry_run::{DryRunOutcome, DryRunResult, because};

/// Letters that are listed.
const LISTED: usize = 500;

pub(super) async fn dry_run(console: &Console, selection: Selection) -> Result<Page, Failure> {
    let (selected, config) = (selection.letters(), console.config.clone());
    let (poison, run) = console
        .database(move |connection| {
            let letters = selected.read(connection)?;
            let run = dry_run_letters(connection, &config, &letters.letters, |_| Ok(()))?;
            Ok((letters.left_out.letters, run))
        })
        .await?;
    let DryRun { results, without_body } = run;
    let body = html! {
        (left_out_warning(poison))
        @if !results.is_empty() {
            @if !without_body.is_empty() {
                div.box.warn {
                    (say("没有全部试运行，没有内容的死信：", "Not all were tried. Letters without a body: "))
                    (without_body.len())
                    (say("。先运行 ops dlq sync。", ". Run ops dlq sync first."))
                }
            }
            (outcomes(&results))
            h2 { (say("现在", "And now")) }
            div.card { form method="post" action="/dead-letters" {
                (console.guard.field())
                (selection.fields())
                (act_fields())
            } }
            p.pages { (link(&selection.address(), say("« 返回", "Back"))) }
        } @else if poison == 0 {
            (nothing(say("这些死信已经不在了。", "None of these letters is there any more.")))
        }
    };
    Ok(Page::new(say("试运行", "Dry run"), body))
}

fn outcomes(results: &[DryRunResult]) -> Markup {
    let columns = [
        Column::text("死信", "Letter"),
        Column::text("订单", "Order"),
        Column::text("结果", "Outcome"),
        Column::text("变化或原因", "Change or reason"),
    ];
    html! {
        div.box.good {
            (say("没有改变任何内容。", "Nothing was changed."))
            p {
                (say("通知：", "Notifications: ")) (results.len())
                (say("；会生效：", "; would be applied: ")) b { (DryRunOutcome::Applied.count(results)) }
                (say("；无变化：", "; would change nothing: ")) b { (DryRunOutcome::Unchanged.count(results)) }
                (say("；会再次失败：", "; would die again: ")) b { (DryRunOutcome::Rejected.count(results)) }
            }
        }
        (table(columns, results.iter().take(LISTED).map(row)))
    }
}

fn row(one: &DryRunResult) -> Markup {
    let (tone, word) = match one.effect.outcome {
        DryRunOutcome::Applied => (Tone::Good, say("会生效", "applied")),
        DryRunOutcome::Unchanged => (Tone::Plain, say("无变化", "unchanged")),
        DryRunOutcome::Unknown => (Tone::Warn, say("未知状态", "unknown status")),
        DryRunOutcome::Rejected => (Tone::Bad, say("会再次失败", "dies again")),
        DryRunOutcome::DatabaseRefuses => (Tone::Bad, say("数据库拒绝", "database refuses")),
        DryRunOutcome::NoOrderYet => (Tone::Warn, say("订单未到", "no order yet")),
        DryRunOutcome::Locked => (Tone::Warn, say("订单正被处理", "locked now")),
    };
    html! {
        tr {
            td.id.mono { (letter_link(&one.id)) }
            td.id { @if let Some(order) = &one.order { (order_link(order)) } }
            td { (tag(tone, word)) }
            td { (because(one)) }
        }
    }
}

//! The words of messages in both languages. What findings say is in [`verdict`](crate::operations::verdict).

use config::Urgency;
use order::AlarmMessageKind;
use service::language::Language;

use super::cause::{Cause, Words};
use crate::operations::overview::ingress::Refused;
use crate::operations::verdict::{Description, length, length_in_chinese, urgency_chinese};
use crate::plural::{count, verb};

/// The first line of every message. A robot that only takes messages with a keyword can have it as its keyword.
pub(crate) fn system(language: Language) -> &'static str {
    match language {
        Language::Chinese => "支付宝通知系统",
        Language::English => "Alipay notifications",
    }
}

/// What a cause is, in Chinese.
pub(crate) fn chinese(cause: &Cause) -> Words {
    let (title, seen, to_do) = match cause {
        Cause::Finding(finding) => {
            let text = finding.in_chinese();
            (finding.describe().chinese, text.seen, text.to_do.to_owned())
        }
        Cause::DeadLetters { reason, letters } => (
            "有死信",
            format!("{letters} 条死信，原因 {reason}"),
            match is_word(reason) {
                true => {
                    format!(
                        "docs/troubleshooting.zh-CN.md 的 {reason}；ops dlq list --reason {reason}"
                    )
                }
                false => "ops dlq list --group".to_owned(),
            },
        ),
        Cause::LowStock(low) => (
            "库存不足",
            format!(
                "商品 {} 只剩 {} 个卡密（警戒线 {}）",
                low.product_id, low.available, low.low_stock
            ),
            format!("ops stock import {}", low.product_id),
        ),
        Cause::IngressDown { address } => (
            "ingress 已停止",
            format!("{address} 的 ingress 不再应答：支付宝的通知无法送达，支付宝会重试 25 小时"),
            "systemctl status alipay-ingress；查看其日志".to_owned(),
        ),
        Cause::Refused { refused: Refused::Notification { merchant, reason }, count } => (
            "通知被拒绝",
            match merchant.as_str() {
                "" => format!("一小时内拒绝了 {count} 条没有配置的商户的通知：{reason}"),
                merchant => format!("一小时内拒绝了商户 {merchant} 的 {count} 条通知：{reason}"),
            },
            format!("docs/troubleshooting.zh-CN.md 的 {reason}；ingress 的日志有 detail"),
        ),
        Cause::Refused { refused: Refused::UnknownPath, count } => (
            "通知地址写错",
            format!("一小时内有 {count} 个请求发到 /alipay/ 下未知的路径：可能是写错的 notify_url"),
            "ingress 的日志有路径；改正通知地址，然后 ops reconcile --since 24h".to_owned(),
        ),
        Cause::ChannelFails(failing) => (
            "告警通道发送失败",
            format!(
                "通道 {} 有 {} 条消息发送失败：{}",
                failing.channel, failing.messages, failing.error
            ),
            format!("检查 [notify.channels.{}]；ops notify --test-message", failing.channel),
        ),
    };
    Words { title: title.to_owned(), seen, to_do }
}

/// What a cause is, in English.
pub(crate) fn english(cause: &Cause) -> Words {
    let (title, seen, to_do) = match cause {
        Cause::Finding(finding) => {
            let Description { code, seen, to_do, .. } = finding.describe();
            (code.replace('_', " "), seen, to_do)
        }
        Cause::DeadLetters { reason, letters } => (
            "dead letters".to_owned(),
            format!("{}: {reason}", count(*letters, "dead letter")),
            match is_word(reason) {
                true => {
                    format!("docs/troubleshooting.md, {reason}; ops dlq list --reason {reason}")
                }
                false => "ops dlq list --group".to_owned(),
            },
        ),
        Cause::LowStock(low) => (
            "low stock".to_owned(),
            format!(
                "product {} has {} left (threshold {})",
                low.product_id,
                count(low.available, "code"),
                low.low_stock
            ),
            format!("ops stock import {}", low.product_id),
        ),
        Cause::IngressDown { address } => (
            "ingress down".to_owned(),
            format!(
                "the ingress at {address} does not answer any more: Alipay's notifications do not arrive; Alipay repeats them for 25 hours"
            ),
            "systemctl status alipay-ingress; read its log".to_owned(),
        ),
        Cause::Refused { refused: Refused::Notification { merchant, reason }, count } => (
            "notifications refused".to_owned(),
            match merchant.as_str() {
                "" => format!(
                    "{} of merchants that are not configured within the hour: {reason}",
                    count_of(*count)
                ),
                merchant => format!("{} of {merchant} within the hour: {reason}", count_of(*count)),
            },
            format!("docs/troubleshooting.md, {reason}; the ingress' log has the detail"),
        ),
        Cause::Refused { refused: Refused::UnknownPath, count } => (
            "notify url unknown".to_owned(),
            format!(
                "{} to an unknown path below /alipay/ within the hour: perhaps a mistyped notify URL",
                crate::plural::count(*count, "request")
            ),
            "the ingress' log has the path; correct the notify URL, then ops reconcile --since 24h"
                .to_owned(),
        ),
        Cause::ChannelFails(failing) => (
            "channel fails".to_owned(),
            format!(
                "{} to channel {} {} not taken: {}",
                count(failing.messages, "message"),
                failing.channel,
                verb(failing.messages, "was", "were"),
                failing.error
            ),
            format!("look at [notify.channels.{}]; ops notify --test-message", failing.channel),
        ),
    };
    Words { title, seen, to_do }
}

/// Whether it may stand in a command. Whoever publishes a message gives the reason of a dead letter.
fn is_word(reason: &str) -> bool {
    reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn count_of(notifications: u64) -> String {
    format!("{} refused", count(notifications, "notification"))
}

/// The heading of one alarm: why it is told, and what it is.
pub(crate) fn heading(
    language: Language,
    kind: AlarmMessageKind,
    urgency: Urgency,
    title: &str,
) -> String {
    match language {
        Language::Chinese => {
            let urgency = urgency_chinese(urgency);
            match kind {
                AlarmMessageKind::Opened => format!("【{urgency}】{title}"),
                AlarmMessageKind::Worsened => format!("【{urgency}·恶化】{title}"),
                AlarmMessageKind::Reminder => format!("【{urgency}·仍未解决】{title}"),
                AlarmMessageKind::Cleared => format!("【已恢复】{title}"),
            }
        }
        Language::English => {
            let urgency = match urgency {
                Urgency::Now => "NOW",
                Urgency::Soon => "soon",
                Urgency::Later => "to do",
            };
            match kind {
                AlarmMessageKind::Opened => format!("({urgency}) {title}"),
                AlarmMessageKind::Worsened => format!("({urgency}, worse) {title}"),
                AlarmMessageKind::Reminder => format!("({urgency}, still there) {title}"),
                AlarmMessageKind::Cleared => format!("(cleared) {title}"),
            }
        }
    }
}

/// Since when it is there, and for how long.
pub(crate) fn since(language: Language, since: &str, time: chrono::TimeDelta) -> String {
    match language {
        Language::Chinese => format!("自 {since} 起，已 {}", length_in_chinese(time)),
        Language::English => format!("since {since}, for {}", length(time)),
    }
}

/// From when to when it was there.
pub(crate) fn was_there(
    language: Language,
    since: &str,
    until: &str,
    time: chrono::TimeDelta,
) -> String {
    match language {
        Language::Chinese => format!("{since} 至 {until}，持续 {}", length_in_chinese(time)),
        Language::English => format!("from {since} to {until}, for {}", length(time)),
    }
}

/// What to do.
pub(crate) fn to_do(language: Language, to_do: &str) -> String {
    match language {
        Language::Chinese => format!("处理：{to_do}"),
        Language::English => format!("do: {to_do}"),
    }
}

/// The text of the link into the console.
pub(crate) fn open_console(language: Language) -> &'static str {
    match language {
        Language::Chinese => "打开控制台",
        Language::English => "open the console",
    }
}

/// The subject of a message with several alarms.
pub(crate) fn several(language: Language, alarms: usize) -> String {
    match language {
        Language::Chinese => format!("{alarms} 条告警"),
        Language::English => count(alarms, "alarm"),
    }
}

/// What `--test-message` sends.
pub(crate) fn test_message(language: Language) -> Words {
    let (title, seen, to_do) = match language {
        Language::Chinese => ("测试消息", "此通道可以收到告警", "无需处理"),
        Language::English => ("test message", "this channel gets alarms", "nothing"),
    };
    Words { title: title.to_owned(), seen: seen.to_owned(), to_do: to_do.to_owned() }
}

#[cfg(test)]
mod tests;

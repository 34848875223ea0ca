//! Findings at the broker.

use std::mem::discriminant;

use queue::topology::TopologyObject;

use super::{Description, Urgency};
use crate::operations::overview::Overview;
use crate::operations::topology_findings::TopologyFinding as Odd;
use crate::plural::count;
use crate::text::first_of;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BrokerFinding {
    /// Short of memory: it takes no messages.
    Memory { alarm: String },
    /// Short of disk.
    Disk { alarm: String },
    /// It takes no messages for another reason.
    Blocked { alarm: String },
    /// Exchanges, queues or bindings that are not there.
    Missing { objects: Vec<TopologyObject> },
    /// There and other than declared.
    Differs { text: String },
    /// A queue at the limit of a policy, a policy that removes messages and the like.
    Odd { findings: Vec<Odd> },
}

pub(super) fn judge(overview: &Overview) -> Vec<BrokerFinding> {
    let Some(broker) = &overview.broker else { return Vec::new() };
    let mut found = Vec::new();
    let alarms = broker.alarms.iter().map(|alarm| {
        let text = format!("alarm {} at node {}", alarm.resource, alarm.node);
        (alarm.resource.as_str(), text)
    });
    let blocked = broker.blocked.as_deref().map(|reason| (reason, reason.to_owned()));
    for (resource, alarm) in alarms.chain(blocked) {
        let finding = match resource {
            it if it.contains("memory") => BrokerFinding::Memory { alarm },
            it if it.contains("disk") => BrokerFinding::Disk { alarm },
            _ => BrokerFinding::Blocked { alarm },
        };
        let is_same = |known: &BrokerFinding| discriminant(known) == discriminant(&finding);
        let is_known = found.iter().any(is_same);
        if !is_known {
            found.push(finding);
        }
    }
    if let Some(topology) = &broker.topology {
        if !topology.missing.is_empty() {
            found.push(BrokerFinding::Missing { objects: topology.missing.clone() });
        }
        found
            .extend(topology.conflicts.iter().cloned().map(|text| BrokerFinding::Differs { text }));
        if !topology.odd.is_empty() {
            found.push(BrokerFinding::Odd { findings: topology.odd.clone() });
        }
    }
    found
}

/// Things of which so many are named.
const NAMED: usize = 3;

const TAKES_NOTHING: &str =
    "it takes no messages, the ingress answers fail, retries and events wait";

impl BrokerFinding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let now = |code, chinese| Description::new(Urgency::Now, code, chinese);
        match self {
            BrokerFinding::Memory { alarm } => now("broker_memory_alarm", "RabbitMQ 内存告警，不再接收消息")
                .seen(format!("RabbitMQ is short of memory ({alarm}): {TAKES_NOTHING}"))
                .advice(
                    "rabbitmq-diagnostics memory_breakdown; let workers drain the queue, or give RabbitMQ more memory",
                ),
            BrokerFinding::Disk { alarm } => now("broker_disk_alarm", "RabbitMQ 磁盘告警，不再接收消息")
                .seen(format!("RabbitMQ is short of disk ({alarm}): {TAKES_NOTHING}"))
                .advice("free disk on the node; it unblocks by itself"),
            BrokerFinding::Blocked { alarm } => now("broker_blocked", "RabbitMQ 阻塞了发布消息的连接")
                .seen(format!(
                    "RabbitMQ blocks connections that publish ({alarm}): the ingress answers fail"
                ))
                .advice("rabbitmqctl status shows the alarm"),
            BrokerFinding::Missing { objects } => now("topology_missing", "缺少 exchange、队列或绑定")
                .seen(format!(
                    "{} missing at the broker: {}",
                    count(objects.len(), "thing"),
                    first_of(objects, NAMED, "; ", "")
                ))
                .advice("ops topology apply"),
            BrokerFinding::Differs { text } => now("topology_differs", "队列或 exchange 的参数不一致")
                .seen(text.clone())
                .advice("ops topology plan"),
            BrokerFinding::Odd { findings } => {
                let urgency = match findings.iter().any(Odd::is_harmful) {
                    true => Urgency::Now,
                    false => Urgency::Later,
                };
                Description::new(urgency, "topology_odd", "RabbitMQ 上有不应存在的内容")
                    .seen(first_of(findings, NAMED, "; ", ""))
                    .advice("ops topology plan")
            }
        }
    }
}

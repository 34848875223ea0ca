//! Findings at the broker.

use queue::topology::TopologyObject;

use super::{Describe, Urgency};
use crate::operations::overview::Overview;
use crate::operations::topology_findings::TopologyFinding as Odd;
use crate::plural::count;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BrokerFinding {
    /// Short of memory: it takes no messages.
    Memory { told: String },
    /// Short of disk.
    Disk { told: String },
    /// It takes no messages for another reason.
    Blocked { told: String },
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
        let told = format!("alarm {} at node {}", alarm.resource, alarm.node);
        (alarm.resource.as_str(), told)
    });
    let blocked = broker.blocked.as_deref().map(|reason| (reason, reason.to_owned()));
    for (resource, told) in alarms.chain(blocked) {
        let finding = match resource {
            it if it.contains("memory") => BrokerFinding::Memory { told },
            it if it.contains("disk") => BrokerFinding::Disk { told },
            _ => BrokerFinding::Blocked { told },
        };
        let is_known = found.iter().any(|known: &BrokerFinding| known.code() == finding.code());
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

fn listed<T: ToString>(things: &[T]) -> String {
    let mut text: Vec<String> = things.iter().take(NAMED).map(ToString::to_string).collect();
    if things.len() > NAMED {
        text.push(format!("and {} more", things.len() - NAMED));
    }
    text.join("; ")
}

impl Describe for BrokerFinding {
    fn code(&self) -> &'static str {
        match self {
            BrokerFinding::Memory { .. } => "broker_memory_alarm",
            BrokerFinding::Disk { .. } => "broker_disk_alarm",
            BrokerFinding::Blocked { .. } => "broker_blocked",
            BrokerFinding::Missing { .. } => "topology_missing",
            BrokerFinding::Differs { .. } => "topology_differs",
            BrokerFinding::Odd { .. } => "topology_odd",
        }
    }

    fn chinese(&self) -> &'static str {
        match self {
            BrokerFinding::Memory { .. } => "RabbitMQ 内存告警，不再接收消息",
            BrokerFinding::Disk { .. } => "RabbitMQ 磁盘告警，不再接收消息",
            BrokerFinding::Blocked { .. } => "RabbitMQ 阻塞了发布消息的连接",
            BrokerFinding::Missing { .. } => "缺少 exchange、队列或绑定",
            BrokerFinding::Differs { .. } => "队列或 exchange 的参数不一致",
            BrokerFinding::Odd { .. } => "RabbitMQ 上有不该有的东西",
        }
    }

    fn urgency(&self) -> Urgency {
        match self {
            BrokerFinding::Odd { findings } if !findings.iter().any(Odd::is_harmful) => {
                Urgency::Later
            }
            _ => Urgency::Now,
        }
    }

    fn seen(&self) -> String {
        match self {
            BrokerFinding::Memory { told } => format!(
                "RabbitMQ is short of memory ({told}): it takes no messages, the ingress answers fail, retries and events wait"
            ),
            BrokerFinding::Disk { told } => format!(
                "RabbitMQ is short of disk ({told}): it takes no messages, the ingress answers fail, retries and events wait"
            ),
            BrokerFinding::Blocked { told } => {
                format!(
                    "RabbitMQ blocks connections that publish ({told}): the ingress answers fail"
                )
            }
            BrokerFinding::Missing { objects } => {
                format!(
                    "{} missing at the broker: {}",
                    count(objects.len(), "thing"),
                    listed(objects)
                )
            }
            BrokerFinding::Differs { text } => text.clone(),
            BrokerFinding::Odd { findings } => listed(findings),
        }
    }

    fn to_do(&self) -> String {
        match self {
            BrokerFinding::Memory { .. } => {
                "rabbitmq-diagnostics memory_breakdown; let workers drain the queue, or give RabbitMQ more memory"
            }
            BrokerFinding::Disk { .. } => "free disk on the node; it unblocks by itself",
            BrokerFinding::Blocked { .. } => "rabbitmqctl status shows the alarm",
            BrokerFinding::Missing { .. } => "ops topology apply",
            BrokerFinding::Differs { .. } | BrokerFinding::Odd { .. } => "ops topology plan",
        }
        .to_owned()
    }
}

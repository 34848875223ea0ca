//! What could not be asked: that is a finding, too.

use super::{Description, Urgency};
use crate::failure::Failure;

/// Who did not answer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotAsked {
    Database {
        why: String,
    },
    Broker {
        why: String,
    },
    /// RabbitMQ's management API, which is configured.
    Management {
        why: String,
    },
    /// The account may not declare, so arguments and bindings are not compared.
    Topology {
        why: String,
    },
}

impl NotAsked {
    /// Whether the answer to everything depends on it.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self, NotAsked::Database { .. } | NotAsked::Broker { .. })
    }

    /// As the failure of a server on which everything depends.
    pub(crate) fn server_failure(&self) -> Option<Failure> {
        match self {
            NotAsked::Database { why } => Some(Failure::DatabaseAway(why.clone())),
            NotAsked::Broker { why } => Some(Failure::BrokerAway(why.clone())),
            NotAsked::Management { .. } | NotAsked::Topology { .. } => None,
        }
    }

    pub(crate) fn why(&self) -> &str {
        match self {
            NotAsked::Database { why }
            | NotAsked::Broker { why }
            | NotAsked::Management { why }
            | NotAsked::Topology { why } => why,
        }
    }
}

impl NotAsked {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let of = |urgency, code, chinese| Description::new(urgency, code, chinese);
        let description = match self {
            NotAsked::Database { .. } => of(Urgency::Now, "database_not_asked", "数据库无法查询").advice(
                "ops check: is the database up, and is database.url right? SHOW FULL PROCESSLIST shows locks",
            ),
            NotAsked::Broker { .. } => of(Urgency::Now, "broker_not_asked", "RabbitMQ 无法查询")
                .advice("ops check: is RabbitMQ up, and is amqp.url right?"),
            NotAsked::Management { .. } => {
                of(Urgency::Later, "management_not_asked", "RabbitMQ 管理接口无法查询")
                    .advice("check amqp.management_url; without it only ready messages are counted")
            }
            NotAsked::Topology { .. } => {
                of(Urgency::Later, "topology_not_asked", "无法比较队列和绑定")
                    .advice("run ops topology plan with an account that may configure")
            }
        };
        description.seen(self.why().to_owned())
    }
}

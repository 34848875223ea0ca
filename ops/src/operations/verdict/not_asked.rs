//! What could not be asked: that is a finding, too.

use super::{Describe, Urgency};
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

impl Describe for NotAsked {
    fn code(&self) -> &'static str {
        match self {
            NotAsked::Database { .. } => "database_not_asked",
            NotAsked::Broker { .. } => "broker_not_asked",
            NotAsked::Management { .. } => "management_not_asked",
            NotAsked::Topology { .. } => "topology_not_asked",
        }
    }

    fn chinese(&self) -> &'static str {
        match self {
            NotAsked::Database { .. } => "数据库无法查询",
            NotAsked::Broker { .. } => "RabbitMQ 无法查询",
            NotAsked::Management { .. } => "RabbitMQ 管理接口无法查询",
            NotAsked::Topology { .. } => "无法比较队列和绑定",
        }
    }

    fn urgency(&self) -> Urgency {
        match self {
            NotAsked::Database { .. } | NotAsked::Broker { .. } => Urgency::Now,
            NotAsked::Management { .. } | NotAsked::Topology { .. } => Urgency::Later,
        }
    }

    fn seen(&self) -> String {
        self.why().to_owned()
    }

    fn to_do(&self) -> String {
        match self {
            NotAsked::Database { .. } => {
                "ops check: is the database up, and is database.url right? SHOW FULL PROCESSLIST tells of locks"
            }
            NotAsked::Broker { .. } => "ops check: is RabbitMQ up, and is amqp.url right?",
            NotAsked::Management { .. } => {
                "check amqp.management_url; without it only ready messages are counted"
            }
            NotAsked::Topology { .. } => "run ops topology plan with an account that may configure",
        }
        .to_owned()
    }
}

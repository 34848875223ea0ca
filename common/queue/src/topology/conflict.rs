//! Explains a declaration that the broker refused.

use std::fmt;

use serde::Serialize;

use super::{RetryTier, TopologyObject, WORK_EXCHANGE, is_work_queue};

/// Something of that name is there already, and is different (AMQP 406). It cannot be changed,
/// only deleted and declared again; `Display` says how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// What should be there.
    pub wanted: TopologyObject,
    /// The reply of the broker: which argument differs, and how.
    pub reply: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conflict { wanted, reply } = self;
        match wanted {
            TopologyObject::Queue { name } => {
                write!(
                    f,
                    "queue {name} is there with other arguments. The broker says: {reply}. \
                     The arguments of a queue cannot be changed. Let its messages drain, or move \
                     them to a queue of another name, stop the programs, delete it (rabbitmqctl \
                     delete_queue {name}), apply again, and move them back: what is moved by queue \
                     name comes home."
                )?;
                if is_work_queue(name) {
                    write!(
                        f,
                        " Drain the retry queues ({} to {}) first: they dead-letter into it, and \
                         what finds no queue stays stuck in them.",
                        RetryTier::FiveSeconds,
                        RetryTier::OneHour
                    )?;
                }
                Ok(())
            }
            TopologyObject::Exchange { name, kind } => write!(
                f,
                "exchange {name} is there but is no durable {kind} exchange. The broker says: \
                 {reply}. The type of an exchange cannot be changed. Stop what publishes to \
                 {name}{}, delete the exchange and apply again.",
                if name == WORK_EXCHANGE { " (the retry queues too: drain them)" } else { "" }
            ),
            // A binding cannot conflict: another one is simply added.
            TopologyObject::Binding { .. } => write!(f, "{wanted}: the broker says: {reply}"),
        }
    }
}

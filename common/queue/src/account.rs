//! What an account at the broker may do.
//!
//! AMQP cannot list permissions. So each of these attempts is refused with 403 if the permission is
//! missing; if the account has it, the attempt fails in another way and changes nothing.

use lapin::options::{BasicConsumeOptions, QueueDeleteOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ErrorKind};
use strum::{Display, VariantArray};

use crate::topology::{is_probe_taken, work_queue};
use crate::{Cluster, Connection, ConnectionError, ConnectionSettings};

/// A queue that never exists.
const NO_QUEUE: &str = "alipay.permission-check";

/// What an account may do beyond publishing to the work exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, VariantArray)]
pub enum Permission {
    /// Declare and delete queues and exchanges.
    #[strum(to_string = "declare and delete queues (configure)")]
    Configure,
    /// Take messages out of the work queue.
    #[strum(to_string = "take notifications out of the work queue (read)")]
    Read,
    /// Publish into every queue by its name, through the default exchange.
    #[strum(to_string = "publish into every queue (write to amq.default)")]
    WriteByName,
}

/// What the account of this cluster's URL may do although an ingress need not.
///
/// # Errors
///
/// The broker cannot be asked.
pub async fn beyond_publishing(cluster: &Cluster) -> Result<Vec<Permission>, ConnectionError> {
    let connection = Connection::open(&ConnectionSettings::new(cluster, "permissions")).await?;
    let asked = async {
        let mut may = Vec::new();
        for permission in Permission::VARIANTS {
            if has(&connection, *permission).await? {
                may.push(*permission);
            }
        }
        Ok(may)
    };
    let asked = asked.await;
    connection.close().await;
    asked
}

async fn has(connection: &Connection, permission: Permission) -> Result<bool, ConnectionError> {
    // A refusal ends the channel.
    let channel = connection.create_channel().await?;
    let tried = async {
        match permission {
            Permission::Configure => configure(&channel).await,
            Permission::Read => read(&channel).await,
            // To a queue that does not exist: the message comes back.
            Permission::WriteByName => is_probe_taken(&channel, "", NO_QUEUE, "1").await.map(drop),
        }
    };
    let refused = match connection.bounded("looking for a permission", tried).await {
        Ok(()) => {
            connection.close_channel(&channel).await?;
            return Ok(true);
        }
        Err(ConnectionError::Amqp(error)) => error,
        Err(error) => return Err(error),
    };
    match refused.kind() {
        ErrorKind::ProtocolError(error) => {
            Ok(*error.kind() != AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED))
        }
        _ => Err(refused.into()),
    }
}

/// Deletes a queue that does not exist.
async fn configure(channel: &Channel) -> lapin::Result<()> {
    let options = QueueDeleteOptions { if_unused: true, if_empty: true, ..Default::default() };
    channel.queue_delete(NO_QUEUE.into(), options).await.map(|_| ())
}

/// Asks for a consumer with an argument that no queue accepts.
async fn read(channel: &Channel) -> lapin::Result<()> {
    let mut arguments = FieldTable::default();
    arguments.insert("x-priority".into(), AMQPValue::LongString("none".into()));
    let (queue, options) = (work_queue(0), BasicConsumeOptions::default());
    channel.basic_consume(queue.as_str().into(), "".into(), options, arguments).await.map(|_| ())
}

//! Compares the topology with the broker, and declares what is missing.

use std::fmt::Write as _;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, ErrorKind};

use super::declaration::Declaration;
use super::probe::missing_bindings;
use super::{Conflict, Layout, ShardCount, TopologyObject, bindings};
use crate::{Cluster, Connection, ConnectionError, ConnectionSettings};

/// Why the topology could not be compared or declared.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// What is there differs from what should be there. Nothing was changed.
    #[error("{}", list(.0))]
    Conflicts(Vec<Conflict>),
    /// The broker refused, for instance because the user lacks the permission to configure.
    #[error("{change}: the broker says: {reply}")]
    Refused {
        /// What was looked for or declared.
        change: TopologyObject,
        /// The reply of the broker.
        reply: String,
    },
    /// The broker could not be asked.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

impl TopologyError {
    /// As [`ConnectionError::is_outage`].
    pub fn is_outage(&self) -> bool {
        matches!(self, TopologyError::Connection(error) if error.is_outage())
    }
}

fn list(conflicts: &[Conflict]) -> String {
    conflicts.iter().fold(String::new(), |mut text, conflict| {
        let separator = if text.is_empty() { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{conflict}");
        text
    })
}

/// Returns what is missing, without changing anything.
///
/// AMQP has no way to list bindings. Those of the work exchange and of the retry tiers are found out
/// by messages that come back where a binding is missing, and that workers ignore where it is not.
/// One of the events counts as missing when its queue or its exchange is.
///
/// # Errors
///
/// [`TopologyError::Conflicts`] lists everything that is there and differs.
pub async fn plan(cluster: &Cluster, layout: Layout) -> Result<Vec<TopologyObject>, TopologyError> {
    plan_bindings(cluster, layout, |_| true).await
}

/// As [`plan`] without the bindings of the retry tiers, for callers that check repeatedly: a message that has come through a
/// tier has no time to live any more, and stays in the work queue where the workers are killed at that moment.
///
/// # Errors
///
/// As [`plan`].
pub async fn plan_without_tiers(
    cluster: &Cluster,
    layout: Layout,
) -> Result<Vec<TopologyObject>, TopologyError> {
    let of_work = |binding: &TopologyObject| matches!(binding, TopologyObject::Binding { exchange, .. } if exchange == super::WORK_EXCHANGE);
    plan_bindings(cluster, layout, of_work).await
}

async fn plan_bindings(
    cluster: &Cluster,
    layout: Layout,
    looked_for: impl Fn(&TopologyObject) -> bool,
) -> Result<Vec<TopologyObject>, TopologyError> {
    let connection = open(cluster).await?;
    let planned = async {
        let mut missing = look(&connection, &Declaration::all(layout)).await?;
        let known = bindings(layout)
            .into_iter()
            .filter(|binding| looked_for(binding) && !missing.contains(binding));
        let more = missing_bindings(&connection, known.collect()).await?;
        missing.extend(more);
        Ok(missing)
    };
    let planned = planned.await;
    connection.close().await;
    planned
}

/// As [`plan`], for a caller that learns of bindings in another way: a binding counts as missing when
/// its queue or its exchange is, and nothing is published.
///
/// # Errors
///
/// As [`plan`].
pub async fn compare(
    cluster: &Cluster,
    layout: Layout,
) -> Result<Vec<TopologyObject>, TopologyError> {
    let connection = open(cluster).await?;
    let compared = look(&connection, &Declaration::all(layout)).await;
    connection.close().await;
    compared
}

/// Declares what is missing and returns it; an empty list when everything was there. All bindings are
/// made again, which changes nothing where they are there, and is not returned.
///
/// # Errors
///
/// As [`plan`]; then nothing was changed.
pub async fn apply(
    cluster: &Cluster,
    layout: Layout,
) -> Result<Vec<TopologyObject>, TopologyError> {
    let connection = open(cluster).await?;
    let applied = compare_and_declare(&connection, &Declaration::all(layout)).await;
    connection.close().await;
    applied
}

/// The work exchange and the work queues, where they are missing. Only passive declarations, which
/// need no permission: whether what is there is as it should be is not found out.
///
/// # Errors
///
/// The broker cannot be asked.
pub async fn missing_work(
    cluster: &Cluster,
    shards: ShardCount,
) -> Result<Vec<TopologyObject>, TopologyError> {
    absent(cluster, &Declaration::work(shards)).await
}

/// Exchanges and queues that are missing. Only looks, as [`missing_work`]: for an account that may not configure.
///
/// # Errors
///
/// The broker cannot be asked.
pub async fn missing_objects(
    cluster: &Cluster,
    layout: Layout,
) -> Result<Vec<TopologyObject>, TopologyError> {
    let mut all = Declaration::all(layout);
    all.retain(|declaration| !matches!(declaration, Declaration::Binding { .. }));
    absent(cluster, &all).await
}

async fn absent(
    cluster: &Cluster,
    declarations: &[Declaration],
) -> Result<Vec<TopologyObject>, TopologyError> {
    let connection = open(cluster).await?;
    let looked = async {
        let mut missing = Vec::new();
        for declaration in declarations {
            if matches!(ask(&connection, declaration, Mode::OnlyLook).await?, Presence::Missing) {
                missing.push(declaration.change());
            }
        }
        Ok(missing)
    };
    let looked = looked.await;
    connection.close().await;
    looked
}

async fn open(cluster: &Cluster) -> Result<Connection, TopologyError> {
    Ok(Connection::open(&ConnectionSettings::new(cluster, "topology")).await?)
}

async fn compare_and_declare(
    connection: &Connection,
    declarations: &[Declaration],
) -> Result<Vec<TopologyObject>, TopologyError> {
    let missing = look(connection, declarations).await?;
    for declaration in declarations {
        match ask(connection, declaration, Mode::Declare).await? {
            Presence::There | Presence::Missing => {}
            Presence::Differs(conflict) => return Err(TopologyError::Conflicts(vec![conflict])),
        }
    }
    Ok(missing)
}

async fn look(
    connection: &Connection,
    declarations: &[Declaration],
) -> Result<Vec<TopologyObject>, TopologyError> {
    let mut missing: Vec<TopologyObject> = Vec::new();
    let mut conflicts = Vec::new();
    for declaration in declarations {
        if let Declaration::Binding { queue, exchange, .. } = declaration {
            let new = missing.iter().any(|change| match change {
                TopologyObject::Queue { name } => name == queue,
                TopologyObject::Exchange { name, .. } => name == exchange,
                TopologyObject::Binding { .. } => false,
            });
            if new {
                missing.push(declaration.change());
            }
            continue;
        }
        match ask(connection, declaration, Mode::Look).await? {
            Presence::There => {}
            Presence::Missing => missing.push(declaration.change()),
            Presence::Differs(conflict) => conflicts.push(conflict),
        }
    }
    if conflicts.is_empty() { Ok(missing) } else { Err(TopologyError::Conflicts(conflicts)) }
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Passive.
    OnlyLook,
    /// Passive, and where that finds something, a comparison.
    Look,
    Declare,
}

enum Presence {
    There,
    Missing,
    Differs(Conflict),
}

/// Asks on a channel of its own: a refused declaration ends the channel.
async fn ask(
    connection: &Connection,
    declaration: &Declaration,
    mode: Mode,
) -> Result<Presence, TopologyError> {
    let channel = connection.create_channel().await?;
    let asked = async {
        if mode != Mode::Declare {
            let passive = declare(&channel, declaration, true);
            connection.bounded("looking for an exchange or queue", passive).await?;
        }
        if mode == Mode::OnlyLook {
            return Ok(());
        }
        // A passive declaration ignores type and arguments. This one compares them, and changes
        // nothing where there is something of that name.
        let declared = declare(&channel, declaration, false);
        connection.bounded("declaring an exchange or queue", declared).await
    };
    let error = match asked.await {
        Ok(()) => {
            connection.close_channel(&channel).await?;
            return Ok(Presence::There);
        }
        Err(error) => error,
    };
    let change = declaration.change();
    match soft_error(&error) {
        Some((AMQPSoftError::NOTFOUND, _)) if mode != Mode::Declare => Ok(Presence::Missing),
        Some((AMQPSoftError::PRECONDITIONFAILED, reply)) => {
            Ok(Presence::Differs(Conflict { wanted: change, reply }))
        }
        _ => Err(refusal(error, &change)),
    }
}

/// The broker's reply, if it has refused something on a channel.
fn soft_error(error: &ConnectionError) -> Option<(AMQPSoftError, String)> {
    let ConnectionError::Amqp(error) = error else { return None };
    let ErrorKind::ProtocolError(refusal) = error.kind() else { return None };
    match refusal.kind() {
        AMQPErrorKind::Soft(soft) => Some((soft.clone(), refusal.get_message().to_string())),
        AMQPErrorKind::Hard(_) => None,
    }
}

/// The outcome of looking for `change`, or of declaring it: a refusal, or no answer.
pub(super) fn refusal(error: ConnectionError, change: &TopologyObject) -> TopologyError {
    match &error {
        ConnectionError::Amqp(amqp) => match amqp.kind() {
            ErrorKind::ProtocolError(refusal) => TopologyError::Refused {
                change: change.clone(),
                reply: refusal.get_message().to_string(),
            },
            _ => error.into(),
        },
        _ => error.into(),
    }
}

async fn declare(channel: &Channel, declaration: &Declaration, passive: bool) -> lapin::Result<()> {
    let short = |name: &String| ShortString::from(name.as_str());
    match declaration {
        Declaration::Exchange { name, kind } => {
            let options = ExchangeDeclareOptions { passive, durable: true, ..Default::default() };
            let none = FieldTable::default();
            channel.exchange_declare(short(name), kind.clone(), options, none).await
        }
        Declaration::Queue { name, arguments } => {
            let options = QueueDeclareOptions { passive, durable: true, ..Default::default() };
            channel.queue_declare(short(name), options, arguments.clone()).await.map(|_| ())
        }
        Declaration::Binding { queue, exchange, routing_key } => {
            channel
                .queue_bind(
                    short(queue),
                    short(exchange),
                    short(routing_key),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await
        }
    }
}

//! `ops status`

use clap::Args;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use queue::topology::{self, RetryTier};
use queue::{Connection, ConnectionSettings};
use serde::Serialize;
use store::report::{BeijingTime, Counts, Waiting, counts, snapshot};

use crate::context::Context;
use crate::dead_queue::is_missing;
use crate::failure::Failure;
use crate::output::{or_empty, table};
use crate::status_name::{status_chinese, status_name};

/// Counts: orders, queues, dead letters, and what waits
///
/// Prints what it could ask; when the database or the broker does not answer, it ends with 3.
///
/// Example: ops status --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Status {}

#[derive(Serialize)]
struct Overview {
    orders: Option<Vec<OrderCount>>,
    queues: Option<Vec<QueueDepth>>,
    dead_letters: Option<u32>,
    outbox: Option<Outbox>,
    awaiting_stock: Option<Waiting>,
    awaiting_manual: Option<Waiting>,
    open_reviews: Option<Waiting>,
}

#[derive(Serialize)]
struct OrderCount {
    status: i16,
    status_name: &'static str,
    orders: i64,
}

#[derive(Serialize)]
struct Outbox {
    unpublished: i64,
    oldest: Option<BeijingTime>,
}

/// One queue; without messages when it is not there.
#[derive(Serialize)]
struct QueueDepth {
    name: String,
    messages: Option<u32>,
    consumers: Option<u32>,
}

impl Status {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let database = context.database().and_then(|mut connection| {
            snapshot(&mut connection, |db| Ok::<_, Failure>(counts(db)?))
        });
        let broker = context.block_on(depths(context.broker(), context.config.events.enabled));
        let mut overview = Overview::of_database(database.as_ref().ok());
        if let Ok(queues) = broker {
            let dead = queues.iter().find(|queue| queue.name == topology::DEAD_QUEUE);
            overview.dead_letters = dead.and_then(|queue| queue.messages);
            overview.queues = Some(queues);
            context.output.print(&overview, || text(&overview))?;
            return database.map(|_| ());
        }
        context.output.print(&overview, || text(&overview))?;
        match (database, broker) {
            (Err(database), Err(broker)) => {
                Err(Failure::CouldNotAsk(format!("{database}\n{broker}")))
            }
            (_, broker) => broker.map(|_| ()),
        }
    }
}

impl Overview {
    fn of_database(counts: Option<&Counts>) -> Overview {
        Overview {
            orders: counts.map(|counts| {
                let named = counts.orders.iter().map(|count| OrderCount {
                    status: count.status,
                    status_name: status_name(count.status),
                    orders: count.orders,
                });
                named.collect()
            }),
            queues: None,
            dead_letters: None,
            outbox: counts.map(|counts| Outbox {
                unpublished: counts.unpublished.count,
                oldest: counts.unpublished.oldest,
            }),
            awaiting_stock: counts.map(|counts| counts.awaiting_stock),
            awaiting_manual: counts.map(|counts| counts.awaiting_manual),
            open_reviews: counts.map(|counts| counts.open_reviews),
        }
    }
}

/// Messages that are ready in each queue. Each is asked for on a channel of its own: a queue that is
/// missing ends the channel.
async fn depths(url: &str, events: bool) -> Result<Vec<QueueDepth>, Failure> {
    let connection = Connection::open(&ConnectionSettings::new(url, "ops status")).await?;
    let mut names = vec![topology::work_queue(0)];
    names.extend(RetryTier::ALL.map(|tier| tier.name().to_owned()));
    names.push(topology::DEAD_QUEUE.to_owned());
    if events {
        names.push(topology::EVENTS_QUEUE.to_owned());
    }
    let mut depths = Vec::with_capacity(names.len());
    for name in names {
        let channel = connection.create_channel().await?;
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let declare = channel.queue_declare(name.as_str().into(), options, FieldTable::default());
        let (messages, consumers) = match connection.bounded("looking at a queue", declare).await {
            Ok(queue) => (Some(queue.message_count()), Some(queue.consumer_count())),
            Err(error) if is_missing(&error) => (None, None),
            Err(error) => return Err(error.into()),
        };
        depths.push(QueueDepth { name, messages, consumers });
    }
    connection.close().await;
    Ok(depths)
}

fn text(overview: &Overview) -> String {
    let mut parts = Vec::new();
    if let Some(orders) = &overview.orders {
        parts.push(table(
            ["orders", "status", ""],
            orders.iter().map(|count| {
                [
                    count.orders.to_string(),
                    format!("{} {}", count.status, count.status_name),
                    status_chinese(count.status).to_owned(),
                ]
            }),
        ));
    }
    if let Some(queues) = &overview.queues {
        parts.push(table(
            ["queue", "messages", "consumers"],
            queues.iter().map(|queue| {
                let missing = || "missing: run ops topology apply".to_owned();
                let messages = queue.messages.map_or_else(missing, |count| count.to_string());
                [queue.name.clone(), messages, or_empty(queue.consumers.as_ref())]
            }),
        ));
    }
    let outbox = overview
        .outbox
        .as_ref()
        .map(|outbox| Waiting { count: outbox.unpublished, oldest: outbox.oldest });
    let waiting = [
        ("events to publish", outbox),
        ("orders without stock", overview.awaiting_stock),
        ("orders to deliver by hand", overview.awaiting_manual),
        ("open reviews", overview.open_reviews),
    ];
    let rows: Vec<[String; 3]> = waiting
        .into_iter()
        .filter_map(|(name, waiting)| {
            let waiting = waiting?;
            let oldest = or_empty(waiting.oldest.as_ref());
            Some([name.to_owned(), waiting.count.to_string(), oldest])
        })
        .collect();
    if !rows.is_empty() {
        parts.push(table(["waiting", "count", "oldest"], rows));
    }
    parts.join("\n\n")
}

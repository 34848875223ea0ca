//! Whether database and broker answer, and with which rights.

use queue::account::{self, Permission};
use queue::topology::{Layout, TopologyError};
use queue::{Cluster, topology};
use serde::Serialize;
use store::dead_letter::{self, LetterSearch};
use store::{migrate, rights};

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dead_letter::sync::{QueueDifference, difference};

/// The database or the broker.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ServerCheck {
    /// Why it was not asked.
    pub(crate) not_asked: Option<&'static str>,
    /// Why there is no answer.
    pub(crate) error: Option<String>,
    /// What is there.
    pub(crate) has: Vec<String>,
    /// What a program would miss.
    pub(crate) missing: Vec<String>,
}

impl ServerCheck {
    pub(crate) fn not_asked(why: &'static str) -> ServerCheck {
        ServerCheck { not_asked: Some(why), ..ServerCheck::default() }
    }

    fn failed(failure: &Failure) -> ServerCheck {
        ServerCheck { error: Some(failure.to_string()), ..ServerCheck::default() }
    }
}

pub(crate) fn database(access: &Access) -> ServerCheck {
    let look = || -> Result<ServerCheck, Failure> {
        let mut connection = access.database()?;
        let mut server =
            ServerCheck { has: vec!["it answers".to_owned()], ..ServerCheck::default() };
        if migrate::pending(&mut connection)? {
            server.missing.push("the schema is not up to date: run ops migrate".to_owned());
            return Ok(server);
        }
        server.has.push("the schema is up to date".to_owned());
        match rights::missing(&mut connection)? {
            missing if missing.is_empty() => {
                server.has.push("the account may read and write".to_owned());
            }
            missing => {
                let missing = missing.join(", ");
                server.missing.push(format!("the account lacks {missing}: grant it on the schema"));
            }
        }
        Ok(server)
    };
    look().unwrap_or_else(|failure| ServerCheck::failed(&failure))
}

/// `publishes_only`: for an ingress, whose account needs no more than to publish.
pub(crate) fn broker(access: &Access, publishes_only: bool) -> ServerCheck {
    let look = async {
        let cluster = Cluster::configured(&access.config.amqp)?;
        let beyond = account::beyond_publishing(&cluster).await?;
        let mut server =
            ServerCheck { has: vec!["it answers".to_owned()], ..ServerCheck::default() };
        let may: Vec<String> = beyond.iter().map(ToString::to_string).collect();
        server.has.push(match may.is_empty() {
            true => "the account may publish notifications, at most".to_owned(),
            false => format!("beside publishing, the account may {}", may.join(", ")),
        });
        if beyond.contains(&Permission::Configure) {
            compare(&cluster, access.layout(), &mut server).await?;
        } else if !publishes_only {
            server.missing.push(
                "the account may not declare queues: only an ingress can use it (say --only ingress)"
                    .to_owned(),
            );
        }
        if !publishes_only && !beyond.contains(&Permission::Read) {
            server.missing.push("the account may not read the work queue".to_owned());
        }
        Ok(server)
    };
    access.block_on(look).unwrap_or_else(|failure| ServerCheck::failed(&failure))
}

async fn compare(
    cluster: &Cluster,
    layout: Layout,
    server: &mut ServerCheck,
) -> Result<(), Failure> {
    match topology::compare(cluster, layout).await {
        Ok(missing) if missing.is_empty() => server.has.push("the queues are there".to_owned()),
        // In an empty vhost that is one thing to do, not two dozen.
        Ok(missing) => server.missing.push(match missing.as_slice() {
            [one] => format!("{one}: run ops topology apply"),
            [first, others @ ..] => format!(
                "{first}, and {} more queues, exchanges or bindings (ops topology plan lists them): run ops topology apply",
                others.len()
            ),
            [] => String::new(),
        }),
        Err(conflict @ TopologyError::Conflicts(_)) => server.missing.push(conflict.to_string()),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Says when the queue of dead letters has another number than their rows; nothing where one of the two servers is not there.
pub(crate) fn dead_letters(
    access: &Access,
    database: &Option<ServerCheck>,
    broker: &Option<ServerCheck>,
) -> Option<String> {
    let is_whole = |server: &Option<ServerCheck>| {
        server.as_ref().is_some_and(|it| !it.has.is_empty() && it.missing.is_empty())
    };
    if !is_whole(database) || !is_whole(broker) {
        return None;
    }
    let look = || -> Result<Option<QueueDifference>, Failure> {
        let rows = dead_letter::count(&mut *access.database()?, &LetterSearch::default())?.letters;
        access.block_on(async { difference(&access.broker()?, rows).await })
    };
    look().ok().flatten().map(|difference| difference.to_string())
}

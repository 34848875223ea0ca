//! Database and broker together.

use std::sync::Arc;
use std::time::Instant;

use crate::database::{Database, DatabaseOptions};
use crate::folder::{FOLDER_VARIABLE, Folder};
use crate::kind::{BROKER_VARIABLE, BrokerKind, DATABASE_VARIABLE, DatabaseKind};
use crate::process::ServerError;
use crate::rabbitmq::{RabbitMq, RabbitMqOptions};

/// Which servers to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// A broker.
    pub broker: Option<BrokerKind>,
    /// A database.
    pub database: Option<DatabaseKind>,
}

impl Wanted {
    /// Both, of the kinds that `TESTKIT_BROKER` and `TESTKIT_DATABASE` name.
    ///
    /// # Errors
    /// They name none.
    pub fn both() -> Result<Wanted, ServerError> {
        let (broker, database) = (BrokerKind::selected()?, DatabaseKind::selected()?);
        Ok(Wanted { broker: Some(broker), database: Some(database) })
    }

    /// These kinds, without those whose address is given by `AMQP_URL` and `DATABASE_URL`.
    #[must_use]
    pub fn missing(broker: BrokerKind, database: DatabaseKind) -> Wanted {
        let unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
        Wanted {
            broker: unset("AMQP_URL").then_some(broker),
            database: unset("DATABASE_URL").then_some(database),
        }
    }

    /// `RabbitMQ and MariaDB`, for people.
    #[must_use]
    pub fn names(self) -> String {
        let broker = self.broker.map(|_| "RabbitMQ");
        let names = [broker, self.database.map(DatabaseKind::product)];
        names.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    /// Whether none is wanted.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.broker.is_none() && self.database.is_none()
    }
}

/// The servers of one folder. Dropped, they end and the folder is removed.
#[derive(Debug)]
pub struct Servers {
    /// The broker's nodes: none, one or three.
    pub brokers: Vec<RabbitMq>,
    /// The database, where one was wanted.
    pub database: Option<Database>,
    wanted: Wanted,
    folder: Arc<Folder>,
}

impl Servers {
    /// Starts the wanted servers at the same time and waits until each accepts connections.
    /// `report` gets one line when a server is ready.
    ///
    /// # Errors
    /// A server does not start.
    pub fn start(
        folder: Arc<Folder>,
        wanted: Wanted,
        report: impl Fn(String) + Sync,
    ) -> Result<Servers, ServerError> {
        let began = Instant::now();
        let ready = |name: &str, version: Option<String>, port: u16| {
            let version = version.unwrap_or_else(|| "(version unknown)".into());
            let seconds = began.elapsed().as_secs_f64();
            report(format!("{name} {version} on 127.0.0.1:{port} ({seconds:.1} s)"));
        };
        let broker = |kind| {
            let nodes = start_broker(&folder, kind)?;
            nodes.iter().for_each(|node| ready("RabbitMQ", node.version(), node.port()));
            Ok(nodes)
        };
        let database = |kind: DatabaseKind| {
            let options = DatabaseOptions { kind: Some(kind), ..DatabaseOptions::default() };
            let server = Database::start_with(&folder, &options)?;
            ready(kind.product(), server.version(), server.port());
            Ok(server)
        };
        let (brokers, database) = std::thread::scope(|scope| {
            let broker = wanted.broker.map(|kind| scope.spawn(move || broker(kind)));
            let database: Option<Result<Database, ServerError>> = wanted.database.map(database);
            if let Some(Err(_)) = database {
                // Nobody needs to wait for the other server now.
                folder.close();
            }
            let brokers: Option<Result<Vec<RabbitMq>, ServerError>> =
                broker.map(|thread| thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
            (brokers, database)
        });
        // The database's error first: it may be the reason for the other.
        let database = database.transpose()?;
        Ok(Servers { brokers: brokers.transpose()?.unwrap_or_default(), database, wanted, folder })
    }

    /// What a program has to know: `AMQP_URL`, `AMQP_ADMIN_URL`, `DATABASE_URL` of the servers that
    /// were started, their kinds, and the folder's mark, by which the program is ended when the
    /// folder is. `AMQP_URL` and `AMQP_ADMIN_URL` name the first node of a cluster, `AMQP_URLS` all,
    /// with commas between them.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        if let Some((node, kind)) = self.brokers.first().zip(self.wanted.broker) {
            let all: Vec<String> = self.brokers.iter().map(RabbitMq::url).collect();
            variables.push(("AMQP_URL", node.url()));
            variables.push(("AMQP_URLS", all.join(",")));
            variables.push(("AMQP_ADMIN_URL", node.admin_url()));
            variables.push((BROKER_VARIABLE, kind.name()));
        }
        if let Some(server) = &self.database {
            variables.push(("DATABASE_URL", server.url()));
            variables.push((DATABASE_VARIABLE, server.kind().name()));
        }
        variables.push((FOLDER_VARIABLE, self.folder.path().display().to_string()));
        variables
    }

    /// The folder of the servers.
    pub fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }
}

fn start_broker(folder: &Arc<Folder>, kind: BrokerKind) -> Result<Vec<RabbitMq>, ServerError> {
    if kind.nodes() > 1 {
        return RabbitMq::start_cluster(folder, kind, kind.nodes());
    }
    let options = RabbitMqOptions { kind: Some(kind), ..RabbitMqOptions::default() };
    Ok(vec![RabbitMq::start_with(folder, &options)?])
}

//! Both servers together.

use std::sync::Arc;
use std::time::Instant;

use crate::folder::{FOLDER_VARIABLE, Folder};
use crate::mariadb::MariaDb;
use crate::process::ServerError;
use crate::rabbitmq::RabbitMq;

/// Which servers to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// A broker.
    pub rabbitmq: bool,
    /// A database.
    pub mariadb: bool,
}

impl Wanted {
    /// Both.
    pub const BOTH: Wanted = Wanted { rabbitmq: true, mariadb: true };

    /// Those whose address is not given by `AMQP_URL` and `DATABASE_URL`.
    pub fn missing() -> Wanted {
        let unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
        Wanted { rabbitmq: unset("AMQP_URL"), mariadb: unset("DATABASE_URL") }
    }

    /// Whether none is wanted.
    pub fn is_none(self) -> bool {
        !self.rabbitmq && !self.mariadb
    }
}

/// The servers of one folder. Dropped, they end and the folder is removed.
#[derive(Debug)]
pub struct Servers {
    /// The broker, where one was wanted.
    pub rabbitmq: Option<RabbitMq>,
    /// The database, where one was wanted.
    pub mariadb: Option<MariaDb>,
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
        let broker = || {
            let server = RabbitMq::start(&folder)?;
            ready("RabbitMQ", server.version(), server.port());
            Ok(server)
        };
        let database = || {
            let server = MariaDb::start(&folder)?;
            ready("MariaDB", server.version(), server.port());
            Ok(server)
        };
        let (rabbitmq, mariadb) = std::thread::scope(|scope| {
            let rabbitmq = wanted.rabbitmq.then(|| scope.spawn(broker));
            let mariadb: Option<Result<MariaDb, ServerError>> = wanted.mariadb.then(database);
            if let Some(Err(_)) = mariadb {
                // Nobody needs to wait for the other server now.
                folder.close();
            }
            let rabbitmq: Option<Result<RabbitMq, ServerError>> = rabbitmq
                .map(|thread| thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
            (rabbitmq, mariadb)
        });
        // MariaDB's error first: it may be the reason for the other.
        let mariadb = mariadb.transpose()?;
        Ok(Servers { rabbitmq: rabbitmq.transpose()?, mariadb, folder })
    }

    /// What a program has to know: `AMQP_URL`, `AMQP_ADMIN_URL`, `DATABASE_URL` of the servers that
    /// were started, and the folder's mark, by which the program is ended when the folder is.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        if let Some(server) = &self.rabbitmq {
            variables.push(("AMQP_URL", server.url()));
            variables.push(("AMQP_ADMIN_URL", server.admin_url()));
        }
        if let Some(server) = &self.mariadb {
            variables.push(("DATABASE_URL", server.url()));
        }
        variables.push((FOLDER_VARIABLE, self.folder.path().display().to_string()));
        variables
    }

    /// The folder of the servers.
    pub fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }
}

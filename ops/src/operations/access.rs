//! The configuration, and how to reach what it names: the database, the broker, the gateway.

use std::future::Future;
use std::time::Duration;

use config::{Config, Merchant};
use gateway::Gateway;
use queue::Cluster;
use queue::topology::Layout;
use store::{Connection, MysqlConnection, Pool};
use tokio::runtime::Builder;
use tracing::warn;

use crate::failure::Failure;
use crate::operations::action_record::{Act, ActRecord, Change, recorded};
use crate::operations::management::Management;
use crate::operations::unknown_merchant::unknown_merchant;

/// How long background tasks may take to end after a verb that talked to the broker.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// The configuration, and how to reach what it names.
pub(crate) struct Access {
    pub(crate) config: Config,
    /// How long the database may take to answer one statement; none: as long as it needs.
    database_timeout: Option<Duration>,
}

impl Access {
    pub(crate) fn new(config: Config) -> Access {
        Access { config, database_timeout: None }
    }

    /// With a limit for each statement: for a program that must go on when the database hangs.
    pub(crate) fn with_database_timeout(self, timeout: Duration) -> Access {
        Access { database_timeout: Some(timeout), ..self }
    }

    /// A connection to the database.
    pub(crate) fn database(&self) -> Result<Connection, Failure> {
        let settings = worker::database_settings(&self.config.database);
        settings.check().map_err(|error| Failure::Usage(error.to_string()))?;
        let settings = match self.database_timeout {
            Some(timeout) => settings.with_timeout(timeout),
            None => settings,
        };
        // The verb prints the error.
        Ok(Pool::silent(settings, 1).get()?)
    }

    /// A connection for what is only a hint: a database that does not answer is not asked twice.
    pub(crate) fn database_for_a_hint(&self) -> Result<MysqlConnection, Failure> {
        Ok(store::connect_once(worker::database_settings(&self.config.database))?)
    }

    /// A merchant of the configuration.
    pub(crate) fn merchant(&self, name: &str) -> Result<&Merchant, Failure> {
        self.config
            .merchant(name)
            .ok_or_else(|| Failure::Usage(unknown_merchant(&self.config, name)))
    }

    /// What a filter by merchant found: nothing by a name that the configuration does not have is a mistake,
    /// and something is worth a warning.
    pub(crate) fn check_filter(&self, merchant: Option<&str>, found: usize) -> Result<(), Failure> {
        let Some(name) = merchant else { return Ok(()) };
        if self.config.merchants.is_empty() || self.config.merchants.contains_key(name) {
            return Ok(());
        }
        let unknown = unknown_merchant(&self.config, name);
        if found == 0 {
            return Err(Failure::Usage(unknown));
        }
        warn!("{unknown}");
        Ok(())
    }

    /// Alipay's gateway, with the limit of the configuration on how long a query may take.
    pub(crate) fn gateway(&self) -> Gateway {
        Gateway::new(self.config.worker.query_timeout)
    }

    /// The broker.
    pub(crate) fn broker(&self) -> Result<Cluster, Failure> {
        let cluster = Cluster::configured(&self.config.amqp)?;
        if let Some(publishers) = &self.config.amqp.publishers {
            cluster.publishes_as("amqp.ops_users", &publishers.ops)?;
        }
        Ok(cluster)
    }

    /// What of the broker's topology depends on the configuration.
    pub(crate) fn layout(&self) -> Layout {
        Layout::configured(&self.config)
    }

    /// RabbitMQ's management API, where it is configured.
    pub(crate) fn management(&self) -> Result<Option<Management>, Failure> {
        Management::configured(&self.config.amqp, self.broker()?.vhost())
    }

    /// Runs an act that changes something, and records it.
    pub(crate) fn recorded<T>(
        &self,
        act: &Act,
        run: impl FnOnce(&mut Change) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        recorded(&mut *self.database()?, act, run)
    }

    /// The same, unless nothing is changed.
    pub(crate) fn recorded_unless<T>(
        &self,
        dry_run: bool,
        act: &Act,
        run: impl FnOnce(&mut Change) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if dry_run { run(&mut Change::default()) } else { self.recorded(act, run) }
    }

    /// Runs an act that only needs the broker. It is recorded where the database can be written, and else logged.
    pub(crate) fn recorded_if_possible<T>(
        &self,
        act: &Act,
        run: impl FnOnce(&mut Change) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let begun = self.database_for_a_hint().and_then(|mut connection| {
            ActRecord::begin(&mut connection, act).map(|record| (connection, record))
        });
        let mut change = Change::default();
        let result = run(&mut change);
        match begun {
            Ok((mut connection, record)) => {
                record.end(&mut connection, change, result.as_ref().err());
            }
            Err(failure) => warn!("the database does not record who did this: {failure}"),
        }
        result
    }

    /// Runs what talks to the broker.
    pub(crate) fn block_on<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::CouldNotAsk(format!("cannot start threads: {error}")))?;
        let result = runtime.block_on(work);
        runtime.shutdown_timeout(SHUTDOWN);
        result
    }
}

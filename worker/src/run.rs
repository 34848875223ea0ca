//! Starts the worker's parts and stops them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use config::summary::ConfigSummary;
use config::{self, Config, DatabaseTls};
use queue::topology::TopologyError;
use queue::{
    Cluster, Connection, ConnectionError, ConnectionSettings, Publisher, PublisherSettings,
    supervise, topology,
};
use service::admin::{self, CannotListen, Readiness};
use service::telemetry::Metrics;
use store::{DatabaseSettings, Pool, StoreError, Tls, UrlError, migrate};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::context::WorkerContext;
use crate::health::WorkerHealth;
use crate::lane::Lane;
use crate::lane::dead_queue::DeadQueueProbe;
use crate::lane::redelivery::RedeliveryCounts;
use crate::pauses::KnownPauses;
use crate::shards::ConsumedShards;
use crate::sweepers::{
    gauges, heartbeat, merchant_watch, open_rows, outbox_relay, pauses, queries, refunds, restock,
    retention, retry_watch, stock_watch,
};

/// How long the broker may take to confirm a retry or a dead letter. The orders of the batch stay
/// locked meanwhile.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);

/// Retries, dead letters and events that wait for a publisher lane.
const LANE_CAPACITY: usize = 1024;

/// Why a worker does not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The schema is older than this binary.
    #[error("the database schema is not up to date: run `ops migrate` first")]
    SchemaPending,
    /// `database.url` cannot be used.
    #[error(transparent)]
    Database(#[from] UrlError),
    /// The section `[amqp]` cannot be used.
    #[error(transparent)]
    Broker(#[from] ConnectionError),
    /// The admin endpoint cannot listen.
    #[error(transparent)]
    Admin(#[from] CannotListen),
}

/// Runs the worker until `cancel`: then consumers are cancelled, running batches finish, commit and
/// are acknowledged, and everything is closed. `ready` is called once, when all lanes consume. Later
/// changes of the configuration apply to merchants only.
///
/// # Errors
/// [`RunError`], before anything was consumed. A broker or a database that is away is no error: the
/// worker waits for it.
pub async fn run(
    current: watch::Receiver<Arc<Config>>,
    metrics: Metrics,
    cancel: CancellationToken,
    ready: impl FnOnce(Option<SocketAddr>) + Send + 'static,
) -> Result<(), RunError> {
    let config = Arc::clone(&current.borrow());
    let cluster = Cluster::configured(&config.amqp)?;
    if let Some(publishers) = &config.amqp.publishers {
        cluster.publishes_as("amqp.worker_users", &publishers.worker)?;
    }
    let lanes = config.worker.lanes;
    let timeout = config.worker.database_timeout;
    // One connection a lane, and one for each of the eleven sweepers.
    let pool_size = u32::try_from(lanes + 11).unwrap_or(u32::MAX);
    let database = database_settings(&config.database).with_timeout(timeout);
    database.check()?;
    let pool = Pool::new(database, pool_size);
    tokio::select! {
        schema = tokio::time::timeout(timeout, refuse_old_schema(&pool)) => match schema {
            Ok(schema) => schema?,
            Err(_) => warn!(
                seconds = timeout.as_secs(),
                "the database did not answer within worker.database_timeout; the worker goes on without having \
                 looked at the schema"
            ),
        },
        () = cancel.cancelled() => return Ok(()),
    }

    // The publisher outlives the lanes: they need it to finish their last batch.
    let publisher_cancel = CancellationToken::new();
    let (publisher, publisher_task) = Publisher::start(
        PublisherSettings {
            cluster: cluster.clone(),
            name: "worker publish".to_owned(),
            lanes: 1,
            lane_capacity: LANE_CAPACITY,
            bundle: 1,
            confirm_timeout: CONFIRM_TIMEOUT,
        },
        publisher_cancel.clone(),
    );
    let health = WorkerHealth::new(lanes);
    let context = WorkerContext {
        config: Arc::clone(&config),
        current,
        pool,
        cluster: cluster.clone(),
        publisher: publisher.clone(),
        health: health.clone(),
        cancel: cancel.clone(),
        redeliveries: RedeliveryCounts::default(),
        dead_queue: DeadQueueProbe::default(),
        pauses: KnownPauses::default(),
        wake_queries: Arc::default(),
    };

    let shards = ConsumedShards::new(context.layout().shards);
    let mut sweepers = JoinSet::new();
    sweepers.spawn(Arc::clone(&shards).keep(cluster.clone(), cancel.clone()));
    sweepers.spawn(pauses::run(context.clone()));
    sweepers.spawn(restock::run(context.clone()));
    sweepers.spawn(open_rows::run(context.clone()));
    sweepers.spawn(retry_watch::run(context.clone()));
    sweepers.spawn(merchant_watch::run(context.clone()));
    let (of, by, until) = (health.clone(), publisher.clone(), cancel.clone());
    sweepers.spawn(heartbeat::run(context.clone(), move || readiness(&of, &by, &until)));
    sweepers.spawn(gauges::run(context.clone()));
    if config.events.enabled {
        sweepers.spawn(outbox_relay::run(context.clone()));
        sweepers.spawn(stock_watch::run(context.clone()));
    }
    if config.worker.queries {
        sweepers.spawn(queries::run(context.clone()));
        sweepers.spawn(refunds::run(context.clone()));
    }
    if config.retention.sweep {
        sweepers.spawn(retention::run(context.clone()));
    }
    // The admin endpoint answers until the drain is over: alive, but not ready.
    let drained = CancellationToken::new();
    let mut admin_address = None;
    if let Some(address) = config.worker.admin_listen {
        let (listener, bound) = admin::bind("worker.admin_listen", address).await?;
        admin_address = Some(bound);
        let (health, publisher, cancel) = (health.clone(), publisher.clone(), cancel.clone());
        let readiness = move || readiness(&health, &publisher, &cancel);
        let runs = context.current.clone();
        let summary = move || ConfigSummary::of("worker", &runs.borrow());
        tokio::spawn(admin::serve(listener, readiness, summary, metrics, drained.clone()));
    }
    let announced = health.clone();
    let announce = tokio::spawn(async move {
        announced.all_consuming().await;
        ready(admin_address);
    });

    let settings = ConnectionSettings::new(&cluster, "worker consume");
    let supervised = supervise(settings, cancel.clone(), async |connection: Connection| {
        consume(&config, &context, &shards, &connection).await;
    });
    supervised.await;

    announce.abort();
    while sweepers.join_next().await.is_some() {}
    publisher_cancel.cancel();
    if publisher_task.await.is_err() {
        error!("the publisher panicked");
    }
    drained.cancel();
    Ok(())
}

/// All lanes on one connection, until it is lost or the worker stops.
async fn consume(
    config: &Config,
    context: &WorkerContext,
    shards: &Arc<ConsumedShards>,
    connection: &Connection,
) {
    match topology::apply(&context.cluster, context.layout()).await {
        Ok(_) => {}
        // An operator declares with another account. A lane reports a missing queue itself.
        Err(error @ TopologyError::Refused { .. }) => {
            warn!(%error, "no permission to declare: assuming that the queues exist");
        }
        Err(error) => return report_undeclared(&error),
    }
    let mut lanes = JoinSet::new();
    for number in 0..config.worker.lanes {
        let lane = Lane {
            number,
            batch: config.worker.batch,
            shards: Arc::clone(shards),
            context: context.clone(),
        };
        let connection = connection.clone();
        lanes.spawn(async move { lane.run(&connection).await });
    }
    while let Some(lane) = lanes.join_next().await {
        if let Err(panic) = lane {
            // Without a restart of all lanes this one would be missing forever.
            error!(error = %panic, "a lane panicked; all lanes start over");
            connection.give_up("a lane panicked");
        }
    }
}

/// Logs that queues could not be declared; an outage is logged by the broker's connections.
pub(crate) fn report_undeclared(error: &TopologyError) {
    if error.is_outage() {
        debug!(%error, "the queues could not be declared");
    } else {
        warn!(%error, "the queues could not be declared");
    }
}

/// How the configuration says that the database is reached.
pub fn database_settings(database: &config::Database) -> DatabaseSettings {
    DatabaseSettings {
        url: database.url.expose_secret().to_owned(),
        source: Some(database.source.clone()),
        tls: match database.tls {
            DatabaseTls::Off => Tls::Off,
            DatabaseTls::Preferred => Tls::Preferred,
            DatabaseTls::Required => Tls::Required,
        },
        ca: database.ca.as_ref().map(|all| all.iter().map(|der| der.to_vec()).collect()),
        timeout: None,
    }
}

/// A worker on an old schema would fail every batch, so it does not start. A database that does not answer yet is
/// waited for later.
async fn refuse_old_schema(pool: &Pool) -> Result<(), RunError> {
    let pool = pool.clone();
    let pending = tokio::task::spawn_blocking(move || -> Result<bool, StoreError> {
        let mut connection = pool.get()?;
        Ok(migrate::pending(&mut connection).unwrap_or(false))
    });
    match pending.await {
        Ok(Ok(true)) => Err(RunError::SchemaPending),
        Ok(Ok(false)) | Err(_) => Ok(()),
        // The pool has logged it, and logs when the database is back.
        Ok(Err(error)) if error.is_outage() => Ok(()),
        Ok(Err(error)) => {
            warn!(%error, "the database does not answer yet; the worker waits for it");
            Ok(())
        }
    }
}

fn readiness(
    health: &WorkerHealth,
    publisher: &Publisher,
    cancel: &CancellationToken,
) -> Readiness {
    Readiness::of(&[
        ("stopping", !cancel.is_cancelled()),
        ("a lane is not consuming", health.is_consuming()),
        ("the publisher is not connected", publisher.is_ready()),
    ])
    .and(health.trouble())
}

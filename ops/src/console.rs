//! The operators' pages in a browser.
//!
//! Each page calls the same operations as the verb of its name and renders their results. Queries run on blocking
//! threads, through a small pool of connections; the broker is asked over a connection for each page, as by the verbs.
//! Either server may be away: pages that need only the other one work.
//!
//! Where users are configured, [`authentication`] says who asks, and [`routes`] what that user may do. Where none are, there is
//! no login, and the console listens on loopback. [`guard`] keeps other web sites out.

mod actions;
mod activity;
mod address;
mod amendment;
mod authentication;
mod base_path;
mod chart;
mod code;
mod dry_run;
mod guard;
mod letter;
mod letter_actions;
mod letter_query;
mod letters;
mod login;
mod oidc;
mod order;
mod order_query;
mod orders;
mod page;
mod pauses;
mod person;
mod product;
mod products;
mod request;
mod results;
mod review;
mod reviews;
mod right;
mod routes;
mod server;
mod session;
mod status;
mod stock_import;
mod subscriptions;
mod tag;
mod throttle;
mod undelivered;
mod user;
mod verify;
mod withdrawals;

use std::sync::Arc;
use std::time::Duration;

use ::order::OperatorAction;
use axum::extract::State;
use config::{Config, Peer};
use queue::Cluster;
use serde_json::json;
use service::language::{Language, say};
use store::{Connection, DatabaseSettings, MysqlConnection, Pool};
use tokio::sync::{Mutex, MutexGuard, Semaphore};
use tracing::warn;

use crate::failure::Failure;
use crate::operations::action_record::{Act, ActRecord, Actor, Change, note};
use crate::operations::activity::ActivityHistory;
use crate::operations::management::Management;
use crate::operations::overview::broker::KnownBroker;
use crate::operations::pause::ListedPause;
use authentication::Authentication;
use guard::FormGuard;
use oidc::PendingLogins;
use results::ActionResults;
pub(crate) use server::serve;
use user::User;

/// Connections to the database, and queries that may run or wait for a connection.
const CONNECTIONS: u32 = 4;
const QUESTIONS: usize = 16;
/// How long the database may take for one statement, and for all that a page asks.
const DATABASE_TIME: Duration = Duration::from_secs(20);
/// The same for an act that may wait for another one's lock.
const LOCKED_TIME: Duration = Duration::from_secs(90);
/// How long the database may take for the rows of the charts.
const SAMPLING_TIME: Duration = Duration::from_secs(4);
/// How long a page waits for another one that works on the dead letters.
const LETTERS_TIME: Duration = Duration::from_secs(20);

/// What every page is given.
type Shared = State<Arc<Console>>;

/// What all pages share.
pub(crate) struct Console {
    config: Config,
    cluster: Cluster,
    /// RabbitMQ's management API, where it is configured.
    management: Option<Management>,
    pool: Pool,
    questions: Arc<Semaphore>,
    /// Held while a page reads or moves dead letters, which only one may at a time: see [`DeadQueue`](crate::operations::dead_queue::DeadQueue).
    at_letters: Mutex<()>,
    /// What the latest look at the status found out.
    known: parking_lot::Mutex<KnownBroker>,
    /// What went through the system lately, and the connection that it is asked over.
    activity: parking_lot::Mutex<ActivityHistory>,
    sampling: Pool,
    /// For connections that hold a named lock of the server.
    database: DatabaseSettings,
    /// What was paused when a page asked last.
    paused: parking_lot::Mutex<Vec<ListedPause>>,
    results: ActionResults,
    guard: FormGuard,
    authentication: Arc<Authentication>,
    pending_logins: PendingLogins,
    /// Whether it has no login and a name, so that a proxy is in front: every page warns.
    open_to_proxy: bool,
}

impl Console {
    /// A console that answers to `localhost`, addresses and these names.
    pub(crate) fn new(
        config: Config,
        names: Vec<String>,
        remote: bool,
    ) -> Result<Console, Failure> {
        let database = worker::database_settings(&config.database).with_timeout(DATABASE_TIME);
        database.check().map_err(|error| Failure::Usage(error.to_string()))?;
        let cluster = Cluster::configured(&config.amqp)?;
        address::set_base(&config.console.base_path);
        Ok(Console {
            management: Management::configured(&config.amqp, cluster.vhost())?,
            cluster,
            sampling: Pool::silent(database.clone().with_timeout(SAMPLING_TIME), 1),
            activity: parking_lot::Mutex::default(),
            database: database.clone().with_timeout(LOCKED_TIME),
            pool: Pool::new(database, CONNECTIONS),
            questions: Arc::new(Semaphore::new(QUESTIONS)),
            at_letters: Mutex::default(),
            known: parking_lot::Mutex::default(),
            paused: parking_lot::Mutex::default(),
            results: ActionResults::default(),
            guard: FormGuard::new(&names, remote)
                .map_err(|error| Failure::Usage(format!("--host {error}")))?,
            open_to_proxy: !names.is_empty() && !config.console.has_login(),
            authentication: Arc::new(Authentication::new(&config)?),
            pending_logins: PendingLogins::default(),
            config,
        })
    }

    /// The broker.
    fn broker(&self) -> &Cluster {
        &self.cluster
    }

    /// Waits until no other page of this console works on the dead letters; a replay can take long.
    async fn at_letters(&self) -> Result<MutexGuard<'_, ()>, Failure> {
        let turn = tokio::time::timeout(LETTERS_TIME, self.at_letters.lock()).await;
        turn.map_err(|_| {
            let text = say(
                "有人正在用这个控制台处理死信，请稍后再试",
                "another user of this console is working on the dead letters: try again later",
            );
            Failure::CouldNotAsk(text.to_owned())
        })
    }

    /// Writes down that an act begins.
    async fn begin(&self, act: Act) -> Result<ActRecord, Failure> {
        self.database(move |connection| ActRecord::begin(connection, &act)).await
    }

    /// Writes down how it ended.
    async fn end<T>(&self, record: ActRecord, change: Change, result: &Result<T, Failure>) {
        let failure = result.as_ref().err().cloned();
        let write = move |connection: &mut Connection| {
            record.end(connection, change, failure.as_ref());
            Ok(())
        };
        if let Err(failure) = self.database(write).await {
            warn!(%failure, "the end of an operator's act is not recorded");
        }
    }

    /// Runs an act in a task of its own, so that it and its record come to their end when the browser leaves.
    async fn to_its_end<T: Send + 'static>(
        act: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let (language, user) = (Language::here(), User::here());
        let task = tokio::spawn(language.scope(user::scope(user, act)));
        task.await.unwrap_or_else(|error| {
            Err(Failure::CouldNotAsk(format!("the act did not come to its end: {error}")))
        })
    }

    /// Records a login or a logout, without making the user wait for a database that may be away.
    fn note(self: &Arc<Self>, action: OperatorAction, user: &str, address: Option<Peer>) {
        let act = Act::new(Actor::of_console(user), action, user);
        let after = address.map(|address| json!({ "address": address.to_string() }));
        let console = Arc::clone(self);
        tokio::spawn(async move {
            let write = move |connection: &mut Connection| note(connection, &act, after);
            if let Err(failure) = console.database(write).await {
                warn!(%failure, "a login or logout is only in this log, and not in the record");
            }
        });
    }

    /// Runs an act on a connection of its own, which ends with it: named locks of the server last as long as their connection.
    async fn on_own_connection<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut MysqlConnection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let settings = self.database.clone();
        let run = tokio::task::spawn_blocking(move || act(&mut store::connect_once(settings)?));
        run.await.unwrap_or_else(|error| {
            Err(Failure::CouldNotAsk(format!("the act did not come to its end: {error}")))
        })
    }

    /// Queries the database on a blocking thread. A query keeps its permit until it ends, so a database that does
    /// not answer blocks [`QUESTIONS`] threads at the most.
    async fn database<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let late = || {
            let seconds = DATABASE_TIME.as_secs();
            Failure::DatabaseAway(format!("database: no answer within {seconds} s"))
        };
        let pool = self.pool.clone();
        // Boxed, since a page can hold several questions at once.
        let asked = Box::pin(self.blocking(move || ask(&mut pool.get()?)));
        tokio::time::timeout(DATABASE_TIME, asked).await.map_err(|_| late())??
    }

    /// Does work that blocks on a thread for that. It keeps its permit until it ends, also when the browser leaves.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let turn = Arc::clone(&self.questions).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        let failed = |error| Failure::CouldNotAsk(format!("the page was not made: {error}"));
        done.await.map_err(failed)
    }
}

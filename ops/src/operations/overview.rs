//! The whole system at one moment: what `ops status` and the console show.

pub(crate) mod broker;
pub(crate) mod ingress;
pub(crate) mod topology;

use std::collections::BTreeMap;
use std::future::Future;

use broker::{BrokerLook, BrokerState, KnownBroker, QueueDepth};
use chrono::{TimeDelta, Utc};
use config::Config;
use ingress::IngressLook;
use order::OrderStatus;
use queue::topology::is_work_queue;
use serde::Serialize;
use store::counts::{self, WaitingCount};
use store::gateway_query::{self, AskedCounts};
use store::retry_copy::{TierCopies, by_tier};
use store::stock::{self, LowStock};
use store::throughput::{self, Throughput};
use store::worker_heartbeat::{self, WorkerRow};
use store::write_access::{WriteAccess, write_access};
use store::{BeijingTime, MysqlConnection, clock, snapshot, user_order};

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::order::status_name::status_name;
use crate::operations::pause::{self, ListedPause};
use crate::operations::unknown_merchant::UnknownMerchant;
use crate::operations::verdict::{CertificateSpan, NotAsked, SystemHealth, Verdict};
use crate::text::age;

/// Everything; `None` is what could not be asked.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Overview {
    pub(crate) at: BeijingTime,
    /// What is wrong; of everything else that is here.
    #[serde(flatten)]
    pub(crate) verdict: Verdict,
    pub(crate) orders: Option<Vec<OrderCount>>,
    pub(crate) queues: Option<Vec<QueueDepth>>,
    /// Whether `messages` of the queues are all that are in them, and not only those that are ready.
    pub(crate) queue_totals: Option<bool>,
    /// What waits in the retry tiers according to the table `retry_copy`.
    pub(crate) retries: Option<Vec<TierCopies>>,
    pub(crate) dead_letters: Option<u32>,
    pub(crate) dead_letters_by_reason: Option<BTreeMap<String, usize>>,
    /// Of how many letters the reasons are counted: of the first of very many.
    pub(crate) dead_letters_looked_at: Option<usize>,
    pub(crate) outbox: Option<Outbox>,
    pub(crate) awaiting_stock: Option<WaitingCount>,
    pub(crate) awaiting_manual: Option<WaitingCount>,
    pub(crate) awaiting_account: Option<WaitingCount>,
    pub(crate) open_reviews: Option<WaitingCount>,
    /// Of these, orders that are paid here and not at Alipay.
    #[serde(skip)]
    pub(crate) not_at_alipay: Option<WaitingCount>,
    pub(crate) gateway_queries: Option<AskedCounts>,
    pub(crate) low_stock: Option<Vec<LowStock>>,
    /// Merchants that orders name and the configuration does not have.
    pub(crate) unknown_merchants: Option<Vec<UnknownMerchant>>,
    pub(crate) work: Option<Throughput>,
    /// What operators let wait now.
    pub(crate) pauses: Option<Vec<ListedPause>>,
    /// What workers report.
    pub(crate) workers: Option<Vec<WorkerRow>>,
    /// Between the look before and this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rates: Option<Rates>,
    /// The rest appears in the findings alone.
    #[serde(skip)]
    pub(crate) not_asked: Vec<NotAsked>,
    #[serde(skip)]
    pub(crate) broker: Option<BrokerState>,
    /// Where `ingress.admin_listen` is configured.
    #[serde(skip)]
    pub(crate) ingress: Option<IngressLook>,
    #[serde(skip)]
    pub(crate) write_access: Option<WriteAccess>,
    /// By how much the database's clock is ahead of this machine's.
    #[serde(skip)]
    pub(crate) database_ahead: Option<TimeDelta>,
    #[serde(skip)]
    pub(crate) refunds_unknown: Option<WaitingCount>,
    #[serde(skip)]
    pub(crate) certificates: Vec<CertificateSpan>,
    #[serde(skip)]
    pub(crate) events_enabled: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct OrderCount {
    pub(crate) status: i16,
    pub(crate) status_name: &'static str,
    pub(crate) orders: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Outbox {
    pub(crate) unpublished: i64,
    pub(crate) oldest: Option<BeijingTime>,
}

/// How many in a minute.
#[derive(Debug, Serialize)]
pub(crate) struct Rates {
    /// Orders placed.
    pub(crate) orders: i64,
    /// Orders that left the status placed.
    pub(crate) progressed: i64,
    /// Messages that workers came to an end with for the first time.
    pub(crate) messages: i64,
    /// Events written for the shop.
    pub(crate) events: i64,
}

impl Overview {
    /// One look at everything; `known` is what the next one need not find out again.
    ///
    /// # Errors
    /// As [`Overview::take`].
    pub(crate) async fn look(
        access: &Access,
        known: &mut KnownBroker,
        before: Option<&Overview>,
    ) -> Result<Overview, Failure> {
        let config = &access.config;
        let database = async { Overview::of_database(&mut *access.database()?, config) };
        let broker = async {
            let management = access.management()?;
            known.look(&access.broker()?, management.as_ref(), access.layout()).await
        };
        Overview::take(config, database, broker, before).await
    }

    /// Asks database, broker and ingress at the same time, and judges. What could not be asked is a finding; rates are
    /// counted where there is a look before.
    ///
    /// # Errors
    /// [`Failure::Usage`]: the configuration cannot be used.
    pub(crate) async fn take(
        config: &Config,
        database: impl Future<Output = Result<Overview, Failure>>,
        broker: impl Future<Output = Result<BrokerLook, Failure>>,
        before: Option<&Overview>,
    ) -> Result<Overview, Failure> {
        let (database, broker, ingress) = tokio::join!(database, broker, IngressLook::take(config));
        let mut overview = answer(database)?.unwrap_or_else(|why| {
            let not_asked = vec![NotAsked::Database { why }];
            Overview { not_asked, ..Overview::of(config) }
        });
        overview.ingress = ingress;
        match answer(broker)? {
            Ok(look) => overview.see(look),
            Err(why) => overview.not_asked.push(NotAsked::Broker { why }),
        }
        if let Some(before) = before {
            overview.count_rates(before);
        }
        overview.judge();
        Ok(overview)
    }

    /// Nothing but the time and what the configuration says.
    fn of(config: &Config) -> Overview {
        let certificates = config.merchants.values().flat_map(CertificateSpan::all).collect();
        let events_enabled = config.events.enabled;
        Overview { certificates, events_enabled, ..Overview::empty(BeijingTime(Utc::now())) }
    }

    /// Nothing but the time.
    pub(crate) fn empty(at: BeijingTime) -> Overview {
        Overview { at, ..Overview::default() }
    }

    /// Judges what was gathered. To be called last.
    pub(crate) fn judge(&mut self) {
        self.verdict = Verdict::of(self);
    }

    /// What the configuration and the database say.
    pub(crate) fn of_database(
        connection: &mut MysqlConnection,
        config: &Config,
    ) -> Result<Overview, Failure> {
        let mut overview = Overview::of(config);
        overview.ask_database(connection, config)?;
        Ok(overview)
    }

    fn ask_database(
        &mut self,
        connection: &mut MysqlConnection,
        config: &Config,
    ) -> Result<(), Failure> {
        let merchants: Vec<&str> = config.merchants.keys().map(String::as_str).collect();
        let asked = Utc::now();
        let database = clock::now(connection)?;
        self.database_ahead = Some(database - (asked + (Utc::now() - asked) / 2));
        // Not in the snapshot, which is read-only.
        self.write_access = Some(write_access(connection)?);
        snapshot(connection, |db| {
            let counts = counts::counts(db)?;
            let named = counts.orders.iter().map(|count| OrderCount {
                status: count.status,
                status_name: status_name(count.status),
                orders: count.orders,
            });
            self.orders = Some(named.collect());
            self.retries = Some(by_tier(db)?);
            self.outbox = Some(Outbox {
                unpublished: counts.unpublished.count,
                oldest: counts.unpublished.oldest,
            });
            self.awaiting_stock = Some(counts.awaiting_stock);
            self.awaiting_manual = Some(counts.awaiting_manual);
            self.awaiting_account = Some(counts.awaiting_account);
            self.open_reviews = Some(counts.open_reviews);
            self.not_at_alipay = Some(counts.not_at_alipay);
            self.refunds_unknown = Some(counts.refunds_unknown);
            self.workers = Some(worker_heartbeat::all(db)?);
            self.gateway_queries = Some(gateway_query::counts(db)?);
            self.low_stock = Some(stock::low(db)?);
            self.work = Some(throughput::throughput(db)?);
            self.pauses = Some(pause::active(db)?);
            if !merchants.is_empty() {
                let unknown = user_order::unknown_merchants(db, &merchants)?.into_iter();
                let named = unknown.map(|orders| UnknownMerchant::new(orders, config));
                self.unknown_merchants = Some(named.collect());
            }
            Ok::<_, Failure>(())
        })
    }

    fn see(&mut self, look: BrokerLook) {
        self.dead_letters = look.dead_letters;
        self.dead_letters_looked_at = look.by_reason.as_ref().map(|reasons| reasons.values().sum());
        self.dead_letters_by_reason = look.by_reason;
        self.queues = Some(look.queues);
        self.queue_totals = Some(look.totals);
        self.not_asked.extend(look.not_asked);
        self.broker = Some(look.state);
    }

    /// The queues of all shards, where they could be looked at.
    pub(crate) fn work_queues(&self) -> impl Iterator<Item = &QueueDepth> {
        let queues = self.queues.iter().flatten();
        queues.filter(|queue| is_work_queue(&queue.name))
    }

    /// The servers on which everything depends and that did not answer.
    pub(crate) fn servers_away(&self) -> impl Iterator<Item = &NotAsked> {
        self.not_asked.iter().filter(|it| it.is_server())
    }

    /// An error unless all is well: what is wrong, or which server could not be asked and why.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.verdict.answer {
            SystemHealth::Well => Ok(()),
            SystemHealth::Wrong => Err(Failure::Refused(self.verdict.headline())),
            SystemHealth::NotAllAsked => {
                let why: Vec<&str> = self.servers_away().map(NotAsked::why).collect();
                Err(Failure::CouldNotAsk(why.join("\n")))
            }
        }
    }

    /// Messages that should have come back from a retry tier and have not.
    pub(crate) fn overdue(&self) -> Option<WaitingCount> {
        let tiers = self.retries.as_ref()?;
        Some(WaitingCount {
            count: tiers.iter().map(|tier| tier.overdue).sum(),
            oldest: tiers.iter().filter_map(|tier| tier.oldest_overdue).min(),
        })
    }

    /// Rates since the look before, where both could be taken.
    fn count_rates(&mut self, before: &Overview) {
        let milliseconds = (self.at.0 - before.at.0).num_milliseconds().max(1);
        let a_minute = |was: i64, is: i64| (is - was).saturating_mul(60_000) / milliseconds;
        let (Some(work), Some(worked)) = (&self.work, &before.work) else { return };
        let (Some(orders), Some(placed)) = (&self.orders, &before.orders) else { return };
        let all = |orders: &[OrderCount]| orders.iter().map(|count| count.orders).sum::<i64>();
        let open = |orders: &[OrderCount]| {
            orders
                .iter()
                .filter(|count| count.status == OrderStatus::Placed.code())
                .map(|count| count.orders)
                .sum::<i64>()
        };
        self.rates = Some(Rates {
            orders: a_minute(all(placed), all(orders)),
            progressed: a_minute(all(placed) - open(placed), all(orders) - open(orders)),
            messages: a_minute(worked.messages, work.messages),
            events: a_minute(worked.events, work.events),
        });
    }

    /// How long ago that was, by the clock of the database, which wrote it.
    pub(crate) fn waited(&self, since: BeijingTime) -> TimeDelta {
        self.at.0 + self.database_ahead.unwrap_or_default() - since.0
    }

    /// How long ago, in the largest unit that is not zero.
    pub(crate) fn age(&self, since: BeijingTime) -> String {
        age(self.waited(since).num_seconds())
    }
}

/// The answer, or why there is none. A configuration that cannot be used is the caller's to correct.
fn answer<T>(asked: Result<T, Failure>) -> Result<Result<T, String>, Failure> {
    match asked {
        Err(usage @ Failure::Usage(_)) => Err(usage),
        other => Ok(other.map_err(|failure| failure.to_string())),
    }
}

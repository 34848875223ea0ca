//! Telling people of alarms (`ops notify`).
//!
//! A look gathers what `ops status` gathers and cuts its findings into causes ([`cause`]). What is told of them is decided
//! purely ([`decision`]) and kept in the tables `alarm` and `alarm_message`; then due messages are sent ([`delivery`]).
//! While the database is away all of this goes on in memory ([`memory`]).

mod cause;
mod channel;
mod decision;
mod delivery;
mod markup;
mod memory;
mod notice;
mod refusals;
mod words;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use config::{Channel, Notify, Urgency};
use diesel::Connection as _;
use order::AlarmMessageKind;
use serde::Serialize;
use store::{BeijingTime, MysqlConnection, alarm};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::overview::Overview;
use crate::operations::overview::broker::KnownBroker;
use crate::operations::overview::ingress::IngressAnswer;
use cause::{Asked, Cause, INGRESS_DOWN, SeenCause};
use decision::{Decisions, News};
pub(crate) use delivery::Delivery;
use delivery::Recipient;
use memory::Memory;
use notice::{Bulletin, Notice};
use refusals::Refusals;

/// How long another program is waited for that decides at this moment.
const LOCK_SECONDS: i64 = 5;
/// A channel that has refused a message so often is told of on the others.
const FAILING: i32 = 3;
/// A message that no channel takes is given up.
const GIVE_UP: TimeDelta = TimeDelta::hours(24);
/// How long messages are kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Tells people, look after look.
pub(crate) struct Notifier<'a> {
    access: &'a Access,
    /// What the next look need not find out again.
    known: KnownBroker,
    memory: Memory,
    ingress_was_there: bool,
    refusals: Refusals,
    /// Whether there is no later look.
    looks_once: bool,
    stop: CancellationToken,
}

/// What a look found and told.
#[derive(Debug, Serialize)]
pub(crate) struct LookReport {
    pub(crate) at: BeijingTime,
    pub(crate) causes: Vec<CauseReport>,
    pub(crate) sent: Vec<Delivery>,
}

/// A cause that is there.
#[derive(Debug, Serialize)]
pub(crate) struct CauseReport {
    pub(crate) cause: String,
    pub(crate) urgency: Urgency,
    pub(crate) since: BeijingTime,
    pub(crate) seen: String,
    /// Why it is told now.
    pub(crate) told: Option<AlarmMessageKind>,
}

impl<'a> Notifier<'a> {
    /// # Errors
    /// [`Failure::Usage`]: no channel is configured.
    pub(crate) fn new(access: &'a Access) -> Result<Notifier<'a>, Failure> {
        if access.config.notify.channels.is_empty() {
            return Err(Failure::Usage(
                "no channel is configured: [notify.channels.NAME] in the configuration says whom to tell".to_owned(),
            ));
        }
        if access.config.ingress.admin_listen.is_none() {
            warn!("ingress.admin_listen is not configured here: the ingress is not watched");
        }
        Ok(Notifier {
            access,
            known: KnownBroker::default(),
            memory: Memory::default(),
            ingress_was_there: false,
            refusals: Refusals::default(),
            looks_once: false,
            stop: CancellationToken::new(),
        })
    }

    /// Once this is cancelled, no further message is begun.
    pub(crate) fn until(self, stop: CancellationToken) -> Notifier<'a> {
        Notifier { stop, ..self }
    }

    /// For one look: while the database is away nothing tells how long a cause has been there, so it is told.
    pub(crate) fn once(self) -> Notifier<'a> {
        Notifier { looks_once: true, ..self }
    }

    /// Looks, decides, and sends what is due.
    ///
    /// # Errors
    /// [`Failure::Usage`]: the configuration cannot be used.
    pub(crate) async fn look(&mut self, at: DateTime<Utc>) -> Result<LookReport, Failure> {
        let overview = Overview::look(self.access, &mut self.known, None).await?;
        let counted = overview.ingress.as_ref().and_then(|look| look.counted.as_ref());
        if let Some(counted) = counted {
            self.refusals.note(at, counted.refused.clone());
        }
        self.refusals.forget(at);
        let asked = Asked::of(&overview, self.refusals.cover(at));
        let decided = self.decide_in_database(&overview, asked, at);
        let written = decided.is_ok();
        let causes = match decided {
            Ok(causes) => causes,
            Err(failure) => {
                if asked.database {
                    warn!("alarms are kept in memory: {failure}");
                    self.read_what_was_told()?;
                }
                self.decide_in_memory(&overview, &asked, at)
            }
        };
        if let Some(look) = &overview.ingress {
            self.ingress_was_there |=
                matches!(look.answer, IngressAnswer::Ready | IngressAnswer::NotReady(_));
        }
        let sent = self.deliver(written, at).await;
        Ok(LookReport { at: BeijingTime(at), causes, sent })
    }

    /// Reads the table that cannot be written, so that a program which has just been started does not repeat what is in it.
    /// Where it cannot be read either, one that goes on tells from memory, and one that looks once each minute tells nothing
    /// instead of everything each minute.
    fn read_what_was_told(&mut self) -> Result<(), Failure> {
        if !self.memory.is_unread() {
            return Ok(());
        }
        let read = self.access.database().and_then(|mut it| Ok(alarm::all(&mut it)?));
        match read {
            Ok(rows) => self.memory.is_read(rows),
            Err(failure) if self.looks_once => {
                let why = format!("what was told before cannot be read: {failure}");
                return Err(Failure::CouldNotAsk(why));
            }
            Err(failure) => warn!("what was told before cannot be read: {failure}"),
        }
        Ok(())
    }

    fn decide_in_memory(
        &mut self,
        overview: &Overview,
        asked: &Asked,
        at: DateTime<Utc>,
    ) -> Vec<CauseReport> {
        let was_there = self.ingress_was_there || self.memory.has(INGRESS_DOWN);
        let seen = self.causes(overview, was_there, Vec::new());
        let settings = if self.looks_once { &at_once(self.settings()) } else { self.settings() };
        let decisions = self.memory.decide(&seen, asked, settings, at);
        let messages = self.messages(&decisions.news, at);
        self.memory.add(messages);
        warn_of_given_up(self.memory.give_up(at - GIVE_UP));
        report(&seen, &decisions)
    }

    /// What a look would tell of now, whatever was told before; nothing is written or sent.
    ///
    /// # Errors
    /// [`Failure::Usage`]: the configuration cannot be used.
    pub(crate) async fn rehearse(&mut self, at: DateTime<Utc>) -> Result<LookReport, Failure> {
        let overview = Overview::look(self.access, &mut self.known, None).await?;
        let seen = self.causes(&overview, self.ingress_was_there, Vec::new());
        let asked = Asked::of(&overview, false);
        let decisions = Decisions::of(Vec::new(), &seen, &asked, &at_once(self.settings()), at);
        let causes = report(&seen, &decisions);
        Ok(LookReport { at: BeijingTime(at), causes, sent: Vec::new() })
    }

    /// Sends a test message to each channel.
    pub(crate) async fn test(&self, at: DateTime<Utc>) -> Vec<Delivery> {
        let public_url = self.access.config.console.public_url.as_deref();
        let sends = self.settings().channels.iter().map(async |(name, channel)| {
            let notices = [Notice::test(channel.language, public_url, at)];
            let bulletin = Bulletin { notices: &notices, language: channel.language };
            let error = channel::send(channel, &bulletin, at).await.err();
            Delivery { channel: name.clone(), alarms: 1, error }
        });
        futures_util::future::join_all(sends).await
    }

    /// Sends what is due, to all channels at the same time.
    async fn deliver(&mut self, written: bool, at: DateTime<Utc>) -> Vec<Delivery> {
        let access = self.access;
        let stop = &self.stop;
        let mut remembered = self.memory.take_messages();
        let delivers = self.settings().channels.iter().map(|(name, channel)| {
            let mine = remembered.remove(name.as_str()).unwrap_or_default();
            async move { Recipient { access, name, channel, written, at, stop }.deliver(mine).await }
        });
        let delivered = futures_util::future::join_all(delivers).await;
        let mut sent = Vec::new();
        for (deliveries, left) in delivered {
            sent.extend(deliveries);
            self.memory.messages.extend(left);
        }
        sent
    }

    fn settings(&self) -> &'a Notify {
        &self.access.config.notify
    }

    fn causes(
        &self,
        overview: &Overview,
        ingress_was_there: bool,
        failing: Vec<alarm::FailingChannel>,
    ) -> Vec<SeenCause> {
        let refused = self.refusals.grown();
        Cause::seen(&Cause::all(overview, ingress_was_there, refused, failing))
    }

    /// Decides with the tables, one program at a time. What was told from memory counts as told.
    fn decide_in_database(
        &mut self,
        overview: &Overview,
        asked: Asked,
        at: DateTime<Utc>,
    ) -> Result<Vec<CauseReport>, Failure> {
        if !asked.database {
            return Err(Failure::DatabaseAway("the database does not answer".to_owned()));
        }
        let mut connection = self.access.database()?;
        let connection = &mut *connection;
        if !alarm::lock(connection, LOCK_SECONDS)? {
            info!("another program decides what is told at this moment");
            return Ok(Vec::new());
        }
        let decided = self.decide_locked(connection, overview, &asked, at);
        alarm::unlock(connection)?;
        let (seen, decisions) = decided?;
        let reported = report(&seen, &decisions);
        self.memory.is_written(decisions.alarms);
        Ok(reported)
    }

    fn decide_locked(
        &self,
        connection: &mut MysqlConnection,
        overview: &Overview,
        asked: &Asked,
        at: DateTime<Utc>,
    ) -> Result<(Vec<SeenCause>, Decisions), Failure> {
        connection.transaction(|connection| {
            warn_of_given_up(alarm::give_up(connection, at - GIVE_UP)?);
            alarm::remove_old(connection, at - KEPT)?;
            let (before, gone) = self.memory.merged(alarm::all(connection)?);
            // What was told to be down was there before, also for a program that has been started since.
            let is_down = before.iter().any(|row| row.cause == INGRESS_DOWN);
            let mut failing = alarm::failing_channels(connection, FAILING)?;
            // One that is not configured any more gets no message that could end it.
            failing.retain(|it| self.settings().channels.contains_key(&it.channel));
            let seen = self.causes(overview, self.ingress_was_there || is_down, failing);
            let decisions = Decisions::of(before, &seen, asked, self.settings(), at);
            alarm::remove(connection, &gone)?;
            alarm::remove(connection, &decisions.gone)?;
            alarm::write(connection, &decisions.alarms)?;
            // What memory has was made before.
            let remembered = self.memory.messages.iter().cloned();
            for message in remembered.chain(self.messages(&decisions.news, at)) {
                alarm::add_message(connection, message)?;
            }
            Ok((seen, decisions))
        })
    }

    /// The news as messages to the channels that are told.
    fn messages(&self, news: &[News], at: DateTime<Utc>) -> Vec<alarm::NewMessage> {
        let public_url = self.access.config.console.public_url.as_deref();
        let channels = || self.settings().channels.iter();
        let to_all = |news: &'_ News| {
            let of = |(name, channel): (&String, &Channel)| {
                news.message((name, channel), self.settings(), public_url, at)
            };
            channels().filter_map(of).collect::<Vec<_>>()
        };
        news.iter().flat_map(to_all).collect()
    }
}

fn warn_of_given_up(messages: usize) {
    if messages > 0 {
        warn!(messages, "alarms that their channel did not take for a day are given up");
    }
}

/// Tells what is there, however short a time it has been there.
fn at_once(settings: &Notify) -> Notify {
    Notify { open_after: Duration::ZERO, ..settings.clone() }
}

fn report(seen: &[SeenCause], decisions: &Decisions) -> Vec<CauseReport> {
    let report = |cause: &SeenCause| {
        let row = decisions.alarms.iter().find(|row| row.cause == cause.id)?;
        let told = decisions.news.iter().find(|news| news.cause == cause.id);
        Some(CauseReport {
            cause: cause.id.clone(),
            urgency: cause.urgency,
            since: BeijingTime(row.first_seen),
            seen: cause.text.english.seen.clone(),
            told: told.map(|news| news.kind),
        })
    };
    seen.iter().filter_map(report).collect()
}

/// A value of texts and times as JSON, which cannot fail.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

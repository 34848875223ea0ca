//! The load: Alipay tells every order's story to both ingresses until it reads `success`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hyper::Uri;
use parking_lot::Mutex;
use queue::MessageKind;
use service::backoff::Backoff;
use simulator::{Attempt, Fault, LedgerLine, Sender, SignedNotification, TradeStore};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::operator::RefundOperator;
use crate::story::{PlannedNotification, Story, StoryKind};
use crate::system::SimulatedMerchant;
use crate::{buyer, database, gateway};

/// How long an answer may take: longer than an ingress waits for a confirm.
const TIMEOUT: Duration = Duration::from_secs(7);
/// The longest gap between two deliveries of one notification; Alipay waits minutes, we have none.
pub(crate) const LONGEST_GAP: Duration = Duration::from_secs(2);

/// POSTs under way at one time. Alipay does not open ten thousand connections to one shop, either.
const CONCURRENCY: usize = 1_000;

/// One letter whose delivery is over.
#[derive(Debug, Clone)]
pub(crate) struct SentNotification {
    pub(crate) ledger: LedgerLine,
    /// Which of the stories.
    pub(crate) story: usize,
    pub(crate) forged: bool,
    /// What the pipeline calls it in the inbox and the dead letters.
    pub(crate) message_id: String,
    pub(crate) notification: SignedNotification,
}

impl SentNotification {
    pub(crate) fn is_success(&self) -> bool {
        self.ledger.answered_success_at.is_some()
    }
}

/// Sends, but not everything at once.
#[derive(Clone)]
struct NotificationSender {
    sender: Sender,
    at_once: Arc<Semaphore>,
}

impl NotificationSender {
    async fn post(&self, to: &Uri, body: Bytes) -> anyhow::Result<Attempt> {
        let _turn = self.at_once.acquire().await?;
        Ok(self.sender.post(to, body).await)
    }
}

/// The progress of the load, and a flag that asks it to stop.
#[derive(Debug, Default)]
pub(crate) struct LoadProgress {
    pub(crate) orders_begun: AtomicUsize,
    pub(crate) letters_over: AtomicUsize,
    pub(crate) posts: AtomicUsize,
    pub(crate) give_up: AtomicBool,
    /// Since they were last taken.
    pub(crate) answers: Mutex<Answers>,
}

/// What ingresses answered to genuine notifications.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) success: u64,
    /// 503 and `fail`: come again.
    pub(crate) fail: u64,
    pub(crate) other: u64,
    /// No answer at all.
    pub(crate) none: u64,
    pub(crate) slowest: Duration,
}

impl Answers {
    fn note(&mut self, attempt: &Attempt) {
        match attempt.status {
            None => self.none += 1,
            Some(_) if attempt.is_success() => self.success += 1,
            Some(503) if attempt.answer == "fail" => self.fail += 1,
            Some(_) => self.other += 1,
        }
        self.slowest = self.slowest.max(attempt.duration);
    }
}

/// What a load needs.
pub(crate) struct Load {
    pub(crate) stories: Arc<Vec<Story>>,
    pub(crate) gateways: [SimulatedMerchant; 2],
    /// What Alipay's gateway can be asked about.
    pub(crate) trade_store: TradeStore,
    pub(crate) operator: RefundOperator,
    pub(crate) database_url: String,
    /// The stories begin one by one during so long.
    pub(crate) span: Duration,
    /// The longest gap between two deliveries of one notification.
    pub(crate) longest_gap: Duration,
    pub(crate) progress: Arc<LoadProgress>,
}

impl Load {
    /// Tells all stories; returns when every letter is answered `success` or given up.
    pub(crate) async fn run(self) -> anyhow::Result<Vec<SentNotification>> {
        let load = Arc::new(self);
        let sender = NotificationSender {
            sender: Sender::new(TIMEOUT),
            at_once: Arc::new(Semaphore::new(CONCURRENCY)),
        };
        let began = Instant::now();
        let mut running = JoinSet::new();
        let count = load.stories.len();
        for index in 0..count {
            sleep_until(began + begins(load.span, index, count)).await;
            load.progress.orders_begun.fetch_add(1, Ordering::Relaxed);
            running.spawn(tell(load.clone(), index, sender.clone()));
        }
        let mut sent = Vec::new();
        while let Some(told) = running.join_next().await {
            sent.extend(told??);
        }
        Ok(sent)
    }
}

/// When the story of this index begins, of `count` in this time.
pub(crate) fn begins(span: Duration, index: usize, count: usize) -> Duration {
    let [index, count] = [index, count].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    span / count.max(1) * index
}

/// One order's story.
async fn tell(
    load: Arc<Load>,
    index: usize,
    sender: NotificationSender,
) -> anyhow::Result<Vec<SentNotification>> {
    let (story, gateway) = (&load.stories[index], &load.gateways[load.stories[index].gateway]);
    let began = Instant::now();
    let placing = story.late.map(|late| tokio::spawn(place(load.clone(), index, late)));
    let (letters, trade) = {
        let (story, gateway) = (story.clone(), gateway.clone());
        tokio::task::spawn_blocking(move || story.letters(&gateway)).await??
    };
    if story.is_in_ledger() {
        gateway::tell(&load.trade_store, gateway.name, &story.id, trade)?;
    }
    let mut deliveries = JoinSet::new();
    for (number, letter) in letters.into_iter().enumerate() {
        let (load, sender) = (load.clone(), sender.clone());
        deliveries.spawn(async move { load.deliver(index, index + number, letter, sender).await });
    }
    if let Some(expires) = story.expires.filter(|_| story.kind == StoryKind::PaidAtTheEnd) {
        sleep_until(began + expires.pays).await;
        if let Some(letter) = buyer::pay(&load.trade_store, gateway, &story.id)?
            && !story.lost
        {
            let (load, sender) = (load.clone(), sender.clone());
            deliveries.spawn(async move { load.deliver(index, index, letter, sender).await });
        }
    }
    if story.kind == StoryKind::RefundedByUs {
        load.operator.refund(&story.id, &load.progress.give_up).await?;
    }
    let mut sent = Vec::new();
    while let Some(delivered) = deliveries.join_next().await {
        sent.push(delivered??);
    }
    if let Some(placing) = placing {
        placing.await??;
    }
    Ok(sent)
}

/// The shop commits an order that Alipay has spoken of before, as soon as the database answers.
async fn place(load: Arc<Load>, index: usize, late: Duration) -> anyhow::Result<()> {
    sleep(late).await;
    loop {
        let load = load.clone();
        let placed = tokio::task::spawn_blocking(move || {
            let story = &load.stories[index];
            database::place(&load.database_url, load.gateways[story.gateway].name, story)
                .or_else(|error| if load.is_over() { Err(error) } else { Ok(false) })
        });
        if placed.await?.context("a late order could not be placed")? {
            return Ok(());
        }
        sleep(Duration::from_millis(300)).await;
    }
}

impl Load {
    fn is_over(&self) -> bool {
        self.progress.give_up.load(Ordering::Relaxed)
    }

    /// Delivers one letter, to one ingress and the other by turns, until it reads `success`; a
    /// forged one until it reads anything.
    async fn deliver(
        &self,
        story: usize,
        first: usize,
        letter: PlannedNotification,
        sender: NotificationSender,
    ) -> anyhow::Result<SentNotification> {
        let gateway = &self.gateways[self.stories[story].gateway];
        sleep(letter.after).await;
        let mut notification = letter.notification;
        let (mut attempts, mut success): (u64, Option<DateTime<Utc>>) = (0, None);
        let sent_at = Utc::now();
        let mut backoff = Backoff::new(Duration::from_millis(200), self.longest_gap);
        for to in gateway.to.iter().cycle().skip(first % gateway.to.len()) {
            let attempt = sender.post(to, Bytes::from(notification.body())).await?;
            attempts += 1;
            self.progress.posts.fetch_add(1, Ordering::Relaxed);
            if !letter.forged {
                self.progress.answers.lock().note(&attempt);
            }
            if attempt.is_success() {
                success = Some(Utc::now());
            }
            // 503 is no judgement, also for a forgery.
            let judged = letter.forged && attempt.status.is_some_and(|status| status < 500);
            if success.is_some() || judged || self.is_over() {
                break;
            }
            sleep(backoff.next_pause()).await;
            notification = notification.at(Utc::now())?;
        }
        self.progress.letters_over.fetch_add(1, Ordering::Relaxed);
        let said = notification.notification();
        let kind = match said.kind {
            simulator::NotificationKind::BatchRefund => MessageKind::BatchRefund,
            _ => MessageKind::TradeStatus,
        };
        let fault = match (letter.forged, letter.duplicate) {
            (true, _) => Some(Fault::Corrupt),
            (false, true) => Some(Fault::Duplicate),
            (false, false) => None,
        };
        Ok(SentNotification {
            ledger: LedgerLine {
                order: said.out_trade_no.clone(),
                notify_id: said.notify_id.clone(),
                kind: said.kind,
                fault,
                sent_at,
                attempts,
                answered_success_at: success,
            },
            story,
            forged: letter.forged,
            message_id: queue::message_id(gateway.name, kind, notification.form()),
            notification,
        })
    }
}

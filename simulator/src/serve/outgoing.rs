//! Sending notifications in the background, and the log of what was answered.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::Uri;
use parking_lot::{Mutex, MutexGuard};
use rand::RngExt;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{Attempt, Fault, RepeatSchedule, Sender, Trust, UnsignedNotification};
use alipay::Signer;

/// So many notifications are remembered with their attempts.
const MAX_NOTIFICATIONS: usize = 10_000;

/// How notifications are sent.
#[derive(Debug, Clone)]
pub struct SendSettings {
    /// When to repeat what was not answered `success`.
    pub schedule: RepeatSchedule,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// Where notifications go that name no address of their own: `http://HOST:PORT`, to which
    /// `/alipay/NAME/notify` is added. None: they are not sent.
    pub ingress: Option<String>,
    /// Who vouches for servers with `https`.
    pub trust: Trust,
    /// So many of a hundred notifications have each fault.
    pub faults: BTreeMap<Fault, u8>,
}

impl Default for SendSettings {
    /// Alipay's schedule 240 times faster, ten seconds for an answer, no faults.
    fn default() -> SendSettings {
        SendSettings {
            schedule: RepeatSchedule::alipay(240),
            timeout: Duration::from_secs(10),
            ingress: None,
            trust: Trust::default(),
            faults: BTreeMap::new(),
        }
    }
}

/// What is known about the sending of one notification.
#[derive(Debug, Clone, Default)]
pub(super) struct SendLog {
    /// Where it goes; none when there is no address.
    pub(super) to: Option<String>,
    /// What was done wrong on purpose.
    pub(super) fault: Option<Fault>,
    /// Oldest first.
    pub(super) attempts: Vec<Attempt>,
    /// Deliveries that still go on.
    pub(super) under_way: usize,
}

/// Sends, repeats, and remembers.
#[derive(Debug)]
pub(super) struct OutgoingNotifications {
    settings: SendSettings,
    sender: Sender,
    log: Log,
    stop: CancellationToken,
}

/// By notify id.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    by_id: BTreeMap<String, SendLog>,
    oldest_first: VecDeque<String>,
}

/// One notification with what it takes to send it.
pub(super) struct PendingNotification<'a> {
    /// The merchant's name in the configuration.
    pub(super) merchant: &'a str,
    pub(super) signer: &'a Signer,
    /// The address that the merchant asked for.
    pub(super) to: Option<&'a str>,
    pub(super) notification: UnsignedNotification,
    /// The fault to send it with; none: drawn by the settings.
    pub(super) fault: Option<Fault>,
}

impl OutgoingNotifications {
    pub(super) fn new(settings: SendSettings) -> OutgoingNotifications {
        let sender = Sender::trusting(settings.timeout, &settings.trust);
        OutgoingNotifications {
            settings,
            sender,
            log: Log::default(),
            stop: CancellationToken::new(),
        }
    }

    /// Ends all deliveries.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// What is known about a notification that this server sent.
    pub(super) fn sent(&self, notify_id: &str) -> Option<SendLog> {
        self.log.entries().by_id.get(notify_id).cloned()
    }

    /// Sends in the background. Must be called on a thread of the runtime.
    pub(super) fn send(&self, letter: PendingNotification<'_>) {
        let fault = letter.fault.or_else(|| self.draw());
        let usual = || {
            let ingress = self.settings.ingress.as_ref()?;
            Some(format!("{ingress}/alipay/{}/notify", letter.merchant))
        };
        let to = letter.to.map(str::to_owned).or_else(usual);
        let id = letter.notification.notify_id.clone();
        let uri = to.as_deref().and_then(|to| to.parse::<Uri>().ok());
        self.log.begin(&id, to, fault);
        let Some(uri) = uri.filter(|_| fault != Some(Fault::Drop)) else { return };
        // What was signed for the trade can be signed again; a charset that lacks a character is
        // the one reason why not, and then there is nothing to send.
        let Ok(signed) = Fault::sign(fault, &letter.notification, letter.signer) else {
            return;
        };
        let copies = if fault == Some(Fault::Duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let sender = self.sender.writing(Fault::writing(fault));
            let (log, schedule, stop) =
                (self.log.clone(), self.settings.schedule.clone(), self.stop.clone());
            let (id, uri, signed) = (id.clone(), uri.clone(), signed.clone());
            log.change(&id, |sent| sent.under_way += 1);
            Handle::current().spawn(async move {
                let deliver = async {
                    tokio::time::sleep(Fault::delay(fault)).await;
                    let tell = |attempt: &Attempt| {
                        log.change(&id, |sent| sent.attempts.push(attempt.clone()));
                    };
                    // See above: it was signed before.
                    let _ = sender.deliver_telling(&uri, &signed, &schedule, tell).await;
                };
                stop.run_until_cancelled(deliver).await;
                log.change(&id, |sent| sent.under_way -= 1);
            });
        }
    }

    /// Sends what was sent before once more, as it is now and without a fault.
    pub(super) fn resend(&self, letter: PendingNotification<'_>, at: DateTime<Utc>) {
        let time = alipay::format_beijing(chrono::SubsecRound::trunc_subsecs(at, 0));
        let mut notification = letter.notification.with("notify_time", time);
        notification.notify_time = at;
        self.send(PendingNotification { notification, ..letter });
    }

    fn draw(&self) -> Option<Fault> {
        let mut rng = rand::rng();
        let hit = |(_, percent): &(&Fault, &u8)| rng.random_range(0..100) < **percent;
        self.settings.faults.iter().find(hit).map(|(fault, _)| *fault)
    }
}

impl Log {
    fn begin(&self, id: &str, to: Option<String>, fault: Option<Fault>) {
        let mut entries = self.entries();
        if !entries.by_id.contains_key(id) {
            entries.oldest_first.push_back(id.to_owned());
            if entries.oldest_first.len() > MAX_NOTIFICATIONS
                && let Some(oldest) = entries.oldest_first.pop_front()
            {
                entries.by_id.remove(&oldest);
            }
        }
        let sent = entries.by_id.entry(id.to_owned()).or_default();
        (sent.to, sent.fault) = (to, fault);
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut SendLog)) {
        if let Some(sent) = self.entries().by_id.get_mut(id) {
            change(sent);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock()
    }
}

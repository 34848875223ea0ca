//! Causes of alarms: what [`Verdict`](crate::operations::verdict::Verdict) finds, cut into what one message is about, and
//! what only shows from one look to the next.

use std::collections::BTreeMap;

use config::Urgency;
use order::AlarmSource;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use service::invisible;
use store::alarm::FailingChannel;
use store::stock::LowStock;

use super::words;
use crate::operations::dead_letter::{NO_REASON, REASON_MISSING};
use crate::operations::overview::Overview;
use crate::operations::overview::ingress::{BAD_SIGNATURE, IngressAnswer, Refused};
use crate::operations::verdict::{
    BrokerFinding, CertificateFinding, DatabaseFinding, Finding, GoodsFinding, IngressFinding,
    NotAsked, PauseFinding, WorkFinding,
};

/// The most characters of a text with values: a message with several alarms must fit into what a robot takes.
const LONGEST_TEXT: usize = 400;

/// The most bytes of a reason in a link. Ours are shorter, and a broken message can have any.
const LONGEST_REASON: usize = 64;

/// One thing that people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// As `ops status` has it.
    Finding(Finding),
    /// Dead letters with one reason: a new reason is news.
    DeadLetters { reason: String, letters: i64 },
    /// A product at its threshold.
    LowStock(LowStock),
    /// The ingress was there before, and does not answer any more. Where it never answered it may run on another machine.
    IngressDown { address: String },
    /// The ingress has refused so many within the hour.
    Refused { refused: Refused, count: u64 },
    /// A channel does not take its messages.
    ChannelFails(FailingChannel),
}

/// A cause, as the tables keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenCause {
    /// The code, and what it is about: `dead_letters/total_mismatch`.
    pub(crate) id: String,
    pub(crate) source: AlarmSource,
    pub(crate) urgency: Urgency,
    pub(crate) text: CauseText,
}

/// What a cause is, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CauseText {
    pub(crate) chinese: Words,
    pub(crate) english: Words,
    /// The console's page about it.
    pub(crate) page: String,
}

/// What a cause is, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Words {
    /// A few words.
    pub(crate) title: String,
    /// What was seen, with values.
    pub(crate) seen: String,
    /// A command, or what to look at.
    pub(crate) to_do: String,
}

impl Cause {
    /// All that are there. `ingress_was_there`: at an earlier look of this program; `refused`: within the hour.
    pub(crate) fn all(
        overview: &Overview,
        ingress_was_there: bool,
        refused: BTreeMap<Refused, u64>,
        failing: Vec<FailingChannel>,
    ) -> Vec<Cause> {
        let mut causes = Vec::new();
        let mut refused = refused;
        for finding in &overview.verdict.findings {
            match finding {
                Finding::Work(WorkFinding::DeadLetters { reasons, .. }) if !reasons.is_empty() => {
                    causes.extend(reasons.iter().map(|(reason, letters)| Cause::DeadLetters {
                        reason: reason.clone(),
                        letters: *letters,
                    }));
                }
                Finding::Goods(GoodsFinding::LowStock { .. }) => {
                    causes
                        .extend(overview.low_stock.iter().flatten().cloned().map(Cause::LowStock));
                }
                Finding::Ingress(IngressFinding::Away { address, .. }) if ingress_was_there => {
                    causes.push(Cause::IngressDown { address: address.clone() });
                }
                other => causes.push(Cause::Finding(other.clone())),
            }
            // That most signatures are wrong is one cause, however they are counted.
            if let Finding::Ingress(IngressFinding::SignaturesRefused { merchant, .. }) = finding {
                let (merchant, reason) = (merchant.clone(), BAD_SIGNATURE.to_owned());
                refused.remove(&Refused::Notification { merchant, reason });
            }
        }
        let of = |(refused, count)| Cause::Refused { refused, count };
        causes.extend(refused.into_iter().map(of));
        causes.extend(failing.into_iter().map(Cause::ChannelFails));
        causes
    }

    /// The causes as the tables keep them: of those with the same name one, as urgent as the most urgent.
    pub(crate) fn seen(causes: &[Cause]) -> Vec<SeenCause> {
        let mut all: Vec<SeenCause> = Vec::new();
        for cause in causes {
            let seen = cause.as_seen();
            match all.iter_mut().find(|other| other.id == seen.id) {
                Some(other) => {
                    other.urgency = other.urgency.min(seen.urgency);
                    join(&mut other.text.chinese.seen, "；", &seen.text.chinese.seen);
                    join(&mut other.text.english.seen, "; ", &seen.text.english.seen);
                }
                None => all.push(seen),
            }
        }
        all
    }

    fn as_seen(&self) -> SeenCause {
        let mut chinese = words::chinese(self);
        let mut english = words::english(self);
        for words in [&mut chinese, &mut english] {
            for text in [&mut words.seen, &mut words.to_do] {
                // Before it is cut, since a character that cannot be seen becomes several.
                *text = invisible::escaped(text).into_owned();
                cut(text);
            }
        }
        SeenCause {
            id: self.id(),
            source: self.source(),
            urgency: self.urgency(),
            text: CauseText { chinese, english, page: self.page() },
        }
    }

    fn id(&self) -> String {
        let code = self.code();
        let id = match (self, self.about()) {
            (Cause::Refused { refused: Refused::Notification { merchant, reason }, .. }, _) => {
                format!("{code}/{merchant}/{reason}")
            }
            (_, "") => code.to_owned(),
            (_, about) => format!("{code}/{about}"),
        };
        id[..id.floor_char_boundary(255)].to_owned()
    }

    /// A heading of the troubleshooting page.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Cause::Finding(finding) => finding.describe().code,
            Cause::DeadLetters { .. } => DEAD_LETTERS,
            Cause::LowStock(_) => "low_stock",
            Cause::IngressDown { .. } => INGRESS_DOWN,
            Cause::Refused { refused: Refused::Notification { .. }, .. } => "notifications_refused",
            Cause::Refused { refused: Refused::UnknownPath, .. } => "notify_url_unknown",
            Cause::ChannelFails(_) => CHANNEL_FAILS,
        }
    }

    /// What of many things of one kind it is about.
    fn about(&self) -> &str {
        match self {
            Cause::Finding(Finding::Ingress(IngressFinding::SignaturesRefused {
                merchant,
                ..
            }))
            | Cause::Finding(Finding::Goods(GoodsFinding::UnknownMerchant { merchant, .. })) => {
                merchant
            }
            Cause::Finding(Finding::Certificates(
                CertificateFinding::Ended { whose, .. }
                | CertificateFinding::NotBegun { whose, .. }
                | CertificateFinding::Ends { whose, .. },
            )) => whose,
            Cause::DeadLetters { reason, .. } => reason,
            Cause::LowStock(low) => &low.product_id,
            Cause::Finding(Finding::Pauses(PauseFinding::Active { work, .. })) => work.id(),
            Cause::ChannelFails(failing) => &failing.channel,
            Cause::Finding(_) | Cause::IngressDown { .. } | Cause::Refused { .. } => "",
        }
    }

    fn urgency(&self) -> Urgency {
        match self {
            Cause::Finding(finding) => finding.describe().urgency,
            Cause::IngressDown { .. } => Urgency::Now,
            Cause::Refused { refused: Refused::Notification { reason, .. }, .. }
                if FOR_THE_BROKER.contains(&&**reason) =>
            {
                Urgency::Now
            }
            // A product that runs out is everyday work for who looks at the status, and news for who does not.
            Cause::DeadLetters { .. }
            | Cause::LowStock(_)
            | Cause::Refused { .. }
            | Cause::ChannelFails(_) => Urgency::Soon,
        }
    }

    /// What must be asked to know whether it is gone.
    fn source(&self) -> AlarmSource {
        match self {
            Cause::Finding(finding) => source_of(finding),
            Cause::DeadLetters { .. } => AlarmSource::DeadLetters,
            Cause::LowStock(_) => AlarmSource::Database,
            Cause::IngressDown { .. } => AlarmSource::Ingress,
            Cause::Refused { .. } => AlarmSource::Refusals,
            Cause::ChannelFails(_) => AlarmSource::Database,
        }
    }

    /// The console's page about it.
    fn page(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        match self {
            Cause::DeadLetters { reason, .. } if reason.len() > LONGEST_REASON => {
                "/dead-letters".to_owned()
            }
            Cause::DeadLetters { reason, .. } => {
                let reason = if reason == NO_REASON { REASON_MISSING } else { reason };
                format!("/dead-letters?reason={}", encoded(reason))
            }
            Cause::LowStock(_) => "/products".to_owned(),
            Cause::Finding(Finding::Work(WorkFinding::DeadLetters { .. })) => {
                "/dead-letters".to_owned()
            }
            Cause::Finding(Finding::Goods(finding)) => match finding {
                GoodsFinding::NoStock(_) => "/orders?goods=awaiting_stock".to_owned(),
                GoodsFinding::NoAccount(_) => "/orders?goods=awaiting_account".to_owned(),
                GoodsFinding::ByHand(_) => "/orders?goods=awaiting_manual".to_owned(),
                GoodsFinding::Reviews(_) | GoodsFinding::NotAtAlipay(_) => "/reviews".to_owned(),
                _ => "/".to_owned(),
            },
            Cause::Finding(Finding::Pauses(_)) => "/pauses".to_owned(),
            Cause::Finding(_)
            | Cause::IngressDown { .. }
            | Cause::Refused { .. }
            | Cause::ChannelFails(_) => "/".to_owned(),
        }
    }
}

/// The code of an ingress that has stopped.
pub(super) const INGRESS_DOWN: &str = "ingress_down";
/// The code of dead letters, with and without a reason.
pub(super) const DEAD_LETTERS: &str = "dead_letters";
/// As `AlipayIngressRefusesForTheBroker`: nothing is accepted.
const FOR_THE_BROKER: [&str; 4] = ["broker_unavailable", "confirm_timeout", "overloaded", "panic"];
/// The code of a channel that does not take its messages.
pub(super) const CHANNEL_FAILS: &str = "channel_fails";

fn source_of(finding: &Finding) -> AlarmSource {
    match finding {
        // That a server does not answer is known by asking it.
        Finding::NotAsked(NotAsked::Database { .. } | NotAsked::Broker { .. }) => {
            AlarmSource::Nothing
        }
        Finding::NotAsked(NotAsked::Management { .. } | NotAsked::Topology { .. }) => {
            AlarmSource::Broker
        }
        Finding::Broker(BrokerFinding::Memory { .. } | BrokerFinding::Disk { .. }) => {
            AlarmSource::Management
        }
        Finding::Broker(BrokerFinding::Blocked { .. }) => AlarmSource::Broker,
        Finding::Broker(
            BrokerFinding::Missing { .. }
            | BrokerFinding::Differs { .. }
            | BrokerFinding::Odd { .. },
        ) => AlarmSource::Topology,
        Finding::Ingress(IngressFinding::Away { .. }) => AlarmSource::Nothing,
        // An ingress that does not answer has not become ready.
        Finding::Ingress(
            IngressFinding::NotReady { .. } | IngressFinding::SignaturesRefused { .. },
        ) => AlarmSource::Ingress,
        Finding::Database(DatabaseFinding::ReadOnly { .. })
        | Finding::Clocks(_)
        | Finding::Pauses(_)
        | Finding::Goods(_) => AlarmSource::Database,
        Finding::Work(WorkFinding::NoWorkers { .. } | WorkFinding::Backlog { .. }) => {
            AlarmSource::Broker
        }
        Finding::Work(WorkFinding::DeadLetters { .. }) => AlarmSource::DeadLetters,
        Finding::Work(_) => AlarmSource::Database,
        Finding::Certificates(_) => AlarmSource::Nothing,
    }
}

/// What could be asked at a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) database: bool,
    pub(crate) broker: bool,
    /// The broker's management API, where it is configured.
    pub(crate) management: bool,
    /// The broker's topology, with the management API where it is configured: without it less is seen.
    pub(crate) topology: bool,
    pub(crate) ingress: bool,
    /// What the ingress has refused, for an hour.
    pub(crate) refusals: bool,
    /// The reasons of the dead letters.
    pub(crate) reasons: bool,
    /// There is no dead letter.
    pub(crate) no_letters: bool,
}

impl Asked {
    /// `refusals`: whether what the ingress refused is known for an hour.
    pub(crate) fn of(overview: &Overview, refusals: bool) -> Asked {
        let ingress = overview.ingress.as_ref();
        let broker = overview.queues.is_some();
        let is_management = |it: &NotAsked| matches!(it, NotAsked::Management { .. });
        let management = broker && !overview.not_asked.iter().any(is_management);
        let state = overview.broker.as_ref();
        Asked {
            database: overview.orders.is_some(),
            broker,
            management,
            topology: management && state.is_some_and(|state| state.topology.is_some()),
            refusals: ingress.is_none() || refusals,
            ingress: ingress.is_none_or(|look| {
                matches!(look.answer, IngressAnswer::Ready | IngressAnswer::NotReady(_))
            }),
            reasons: overview.dead_letters_by_reason.is_some(),
            no_letters: overview.dead_letters == Some(0),
        }
    }

    /// Whether the absence of a cause means that it is gone.
    pub(crate) fn knows(&self, cause: &str, source: AlarmSource) -> bool {
        match source {
            AlarmSource::Nothing => true,
            AlarmSource::Database => self.database,
            AlarmSource::Broker => self.broker,
            AlarmSource::Management => self.management,
            AlarmSource::Topology => self.topology,
            AlarmSource::Ingress => self.ingress,
            AlarmSource::Refusals => self.refusals,
            // Told without a reason, since no letter has a row.
            AlarmSource::DeadLetters if cause == DEAD_LETTERS => self.no_letters,
            AlarmSource::DeadLetters => self.reasons,
        }
    }
}

fn join(text: &mut String, separator: &str, more: &str) {
    if !text.contains(more) {
        text.push_str(separator);
        text.push_str(more);
        cut(text);
    }
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(end);
        text.push('…');
    }
}

impl CauseText {
    pub(super) fn to_json(&self) -> String {
        super::json(self)
    }

    /// Of a row; where another version has written it, the name of the cause.
    pub(super) fn from_json(json: &str, cause: &str) -> CauseText {
        serde_json::from_str(json).unwrap_or_else(|_| {
            let words =
                Words { title: cause.to_owned(), seen: String::new(), to_do: String::new() };
            CauseText { chinese: words.clone(), english: words, page: "/".to_owned() }
        })
    }
}

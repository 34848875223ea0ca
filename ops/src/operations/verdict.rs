//! What is wrong, the most urgent first: judged from what an [`Overview`] has gathered, without further queries.
//!
//! Each source of findings is a file with an enum: what can be wrong there. A finding has a code, which is a heading of
//! `docs/troubleshooting.md`, says with values what was seen, and what to do.

mod broker;
mod certificates;
mod chinese;
mod clocks;
mod database;
mod goods;
mod ingress;
mod not_asked;
mod pauses;
mod work;

use chrono::TimeDelta;
use config::Urgency;
use serde::{Serialize, Serializer};

use crate::operations::overview::Overview;
use crate::plural::count;
pub(crate) use broker::BrokerFinding;
pub(crate) use certificates::{CertificateFinding, CertificateSpan};
pub(crate) use chinese::length_in_chinese;
pub(crate) use clocks::ClockFinding;
pub(crate) use database::DatabaseFinding;
pub(crate) use goods::GoodsFinding;
#[cfg(test)]
pub(crate) use goods::Waits;
pub(crate) use ingress::IngressFinding;
pub(crate) use not_asked::NotAsked;
pub(crate) use pauses::PauseFinding;
pub(crate) use work::WorkFinding;

/// An urgency as a person reads it, always of the same width.
pub(crate) fn urgency_word(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Now => "NOW  ",
        Urgency::Soon => "soon ",
        Urgency::Later => "to do",
    }
}

/// The same in Chinese.
pub(crate) fn urgency_chinese(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Now => "立即",
        Urgency::Soon => "尽快",
        Urgency::Later => "待办",
    }
}

/// The description of a finding.
#[derive(Debug, Clone)]
pub(crate) struct Description {
    pub(crate) urgency: Urgency,
    /// The heading of the troubleshooting page.
    pub(crate) code: &'static str,
    /// What it is, in a few words for the console.
    pub(crate) chinese: &'static str,
    /// What was seen, with values.
    pub(crate) seen: String,
    /// A command, or what to look at.
    pub(crate) to_do: String,
}

impl Description {
    /// A description that says neither what was seen nor what to do.
    fn new(urgency: Urgency, code: &'static str, chinese: &'static str) -> Description {
        Description { urgency, code, chinese, seen: String::new(), to_do: String::new() }
    }

    fn seen(self, seen: String) -> Description {
        Description { seen, ..self }
    }

    fn advice(self, to_do: impl Into<String>) -> Description {
        Description { to_do: to_do.into(), ..self }
    }
}

/// Something to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    NotAsked(NotAsked),
    Broker(BrokerFinding),
    Ingress(IngressFinding),
    Database(DatabaseFinding),
    Clocks(ClockFinding),
    Pauses(PauseFinding),
    Work(WorkFinding),
    Goods(GoodsFinding),
    Certificates(CertificateFinding),
}

impl Finding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        match self {
            Finding::NotAsked(finding) => finding.describe(),
            Finding::Broker(finding) => finding.describe(),
            Finding::Ingress(finding) => finding.describe(),
            Finding::Database(finding) => finding.describe(),
            Finding::Clocks(finding) => finding.describe(),
            Finding::Pauses(finding) => finding.describe(),
            Finding::Work(finding) => finding.describe(),
            Finding::Goods(finding) => finding.describe(),
            Finding::Certificates(finding) => finding.describe(),
        }
    }

    fn urgency(&self) -> Urgency {
        self.describe().urgency
    }

    /// Whether it is more than the work of every day.
    pub(crate) fn is_wrong(&self) -> bool {
        self.urgency() < Urgency::Later
    }
}

/// As scripts read it.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct FindingJson<'a> {
            code: &'a str,
            urgency: Urgency,
            seen: String,
            to_do: String,
            explained: String,
        }
        let Description { urgency, code, seen, to_do, .. } = self.describe();
        // Where the documents explain it.
        let explained = format!("docs/troubleshooting.md#{code}");
        let json = FindingJson { code, urgency, seen, to_do, explained };
        json.serialize(serializer)
    }
}

/// Whether all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SystemHealth {
    /// No person has to act soon.
    #[default]
    Well,
    /// Something is wrong.
    Wrong,
    /// Database or broker could not be asked; what else was found is listed anyway.
    NotAllAsked,
}

/// All findings, the most urgent first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Verdict {
    #[serde(rename = "verdict")]
    pub(crate) answer: SystemHealth,
    pub(crate) findings: Vec<Finding>,
}

impl Verdict {
    /// Judges.
    pub(crate) fn of(overview: &Overview) -> Verdict {
        let mut findings: Vec<Finding> = Vec::new();
        findings.extend(overview.not_asked.iter().cloned().map(Finding::NotAsked));
        // Causes before consequences: a broker that is blocked stops workers.
        findings.extend(broker::judge(overview).into_iter().map(Finding::Broker));
        findings.extend(ingress::judge(overview).into_iter().map(Finding::Ingress));
        findings.extend(database::judge(overview).into_iter().map(Finding::Database));
        findings.extend(pauses::judge(overview).into_iter().map(Finding::Pauses));
        findings.extend(work::judge(overview).into_iter().map(Finding::Work));
        findings.extend(clocks::judge(overview).into_iter().map(Finding::Clocks));
        findings.extend(goods::judge(overview).into_iter().map(Finding::Goods));
        findings.extend(certificates::judge(overview).into_iter().map(Finding::Certificates));
        findings.sort_by_key(Finding::urgency);
        let is_missing =
            |finding: &Finding| matches!(finding, Finding::NotAsked(it) if it.is_server());
        let answer = match findings.iter().map(Finding::urgency).min() {
            _ if findings.iter().any(is_missing) => SystemHealth::NotAllAsked,
            None | Some(Urgency::Later) => SystemHealth::Well,
            Some(Urgency::Now | Urgency::Soon) => SystemHealth::Wrong,
        };
        Verdict { answer, findings }
    }

    /// How many findings are more than the work of every day.
    pub(crate) fn wrong(&self) -> usize {
        self.findings.iter().filter(|finding| finding.is_wrong()).count()
    }

    /// In a line.
    pub(crate) fn headline(&self) -> String {
        let wrong = i64::try_from(self.wrong()).unwrap_or(i64::MAX);
        let later = i64::try_from(self.findings.len()).unwrap_or(i64::MAX) - wrong;
        let to_do = match later {
            0 => String::new(),
            later => format!("; {later} to do"),
        };
        match (self.answer, wrong) {
            (SystemHealth::Well, _) => format!("all is well{to_do}"),
            (SystemHealth::Wrong, 1) => format!("1 thing is wrong{to_do}"),
            (SystemHealth::Wrong, wrong) => format!("{} are wrong{to_do}", count(wrong, "thing")),
            (SystemHealth::NotAllAsked, wrong) => {
                format!("not everything could be asked: {}{to_do}", count(wrong, "thing"))
            }
        }
    }
}

/// A length of time in its largest unit: `8 h`, `3 min`.
pub(crate) fn length(time: TimeDelta) -> String {
    let seconds = time.num_seconds().abs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", (seconds + 1800) / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;

//! The verdict for a person: one line that says whether all is well, then two lines a finding.

use super::{Answer, Finding, Urgency, Verdict, count};

impl Verdict {
    /// The first line.
    pub(crate) fn headline(&self) -> String {
        let wrong = i64::try_from(self.wrong()).unwrap_or(i64::MAX);
        let later = i64::try_from(self.findings.len()).unwrap_or(i64::MAX) - wrong;
        let to_do = match later {
            0 => String::new(),
            later => format!("; {later} to do"),
        };
        match (self.answer, wrong) {
            (Answer::Well, _) => format!("all is well{to_do}"),
            (Answer::Wrong, 1) => format!("1 thing is wrong{to_do}"),
            (Answer::Wrong, wrong) => format!("{} are wrong{to_do}", count(wrong, "thing")),
            (Answer::NotAllAsked, wrong) => {
                format!("not everything could be asked: {}{to_do}", count(wrong, "thing"))
            }
        }
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        let findings = self.findings.iter().map(Finding::text);
        std::iter::once(self.headline()).chain(findings).collect::<Vec<_>>().join("\n")
    }
}

impl Finding {
    /// What is wrong, and below it what to do.
    pub(crate) fn text(&self) -> String {
        let (word, code) = (self.urgency().word(), self.code());
        format!("{word} {code}: {}\n      do: {}", self.seen(), self.to_do())
    }

    pub(crate) fn is_wrong(&self) -> bool {
        self.urgency() < Urgency::Later
    }
}

//! The verdict for a person: one line that says whether all is well, then two lines a finding.

use super::{Answer, Finding, Urgency, Verdict};
use crate::cli::output::plain;
use crate::cli::terminal::Style;
use crate::plural::count;

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

    /// The first line in the colour of its answer.
    pub(crate) fn painted_headline(&self) -> String {
        let style = match self.answer {
            Answer::Well => Style::Green,
            Answer::Wrong | Answer::NotAllAsked => Style::Red,
        };
        style.paint(self.headline())
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        let findings = self.findings.iter().map(Finding::text);
        std::iter::once(self.painted_headline()).chain(findings).collect::<Vec<_>>().join("\n")
    }
}

impl Finding {
    /// What is wrong, and below it what to do.
    pub(crate) fn text(&self) -> String {
        let style = match self.urgency() {
            Urgency::Now => Style::Red,
            Urgency::Soon => Style::Yellow,
            Urgency::Later => Style::Faint,
        };
        let (word, code) = (style.paint(self.urgency().word()), self.code());
        format!("{word} {code}: {}\n      do: {}", plain(&self.seen()), plain(&self.to_do()))
    }

    pub(crate) fn is_wrong(&self) -> bool {
        self.urgency() < Urgency::Later
    }
}

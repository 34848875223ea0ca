//! The verdict for a person: one line that says whether all is well, then two lines a finding.

use config::Urgency;

use crate::cli::output::plain;
use crate::cli::terminal::Style;
use crate::operations::verdict::{Description, Finding, SystemHealth, Verdict, urgency_word};

/// The first line in the colour of its answer.
pub(super) fn headline(verdict: &Verdict) -> String {
    let style = match verdict.answer {
        SystemHealth::Well => Style::Green,
        SystemHealth::Wrong | SystemHealth::NotAllAsked => Style::Red,
    };
    style.paint(verdict.headline())
}

/// All of it.
pub(super) fn text(verdict: &Verdict) -> String {
    let findings = verdict.findings.iter().map(finding);
    std::iter::once(headline(verdict)).chain(findings).collect::<Vec<_>>().join("\n")
}

/// What is wrong, and below it what to do.
pub(super) fn finding(finding: &Finding) -> String {
    let Description { urgency, code, seen, to_do, .. } = finding.describe();
    let style = match urgency {
        Urgency::Now => Style::Red,
        Urgency::Soon => Style::Yellow,
        Urgency::Later => Style::Faint,
    };
    let word = style.paint(urgency_word(urgency));
    format!("{word} {code}: {}\n      do: {}", plain(&seen), plain(&to_do))
}

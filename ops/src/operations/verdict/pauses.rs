//! Findings about work that operators let wait.

use config::Urgency;
use order::PauseScope;

use super::Description;
use crate::operations::overview::Overview;
use crate::operations::pause::PausedWork;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PauseFinding {
    /// A pause is not over.
    Active { scope: PauseScope, text: String, chinese: String, work: PausedWork },
}

pub(super) fn judge(overview: &Overview) -> Vec<PauseFinding> {
    let active = overview.pauses.iter().flatten().map(|pause| PauseFinding::Active {
        scope: pause.row.scope,
        text: pause.text(),
        chinese: pause.in_chinese(),
        work: PausedWork::of(&pause.row),
    });
    active.collect()
}

impl PauseFinding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let PauseFinding::Active { scope, text, work, .. } = self;
        let urgency = match scope {
            PauseScope::Everything => Urgency::Soon,
            PauseScope::Merchant | PauseScope::Product => Urgency::Later,
        };
        Description::new(urgency, "paused", "已暂停")
            .seen(text.clone())
            .advice(format!("ops resume {} ends it before its time", work.what()))
    }
}

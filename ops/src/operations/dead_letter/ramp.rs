//! Replays in growing steps, and stops by itself when letters die again.
//!
//! A replay whose cause still exists then costs one letter, not all of them. Each step waits for the workers' result. What
//! went back is `replayed` in its row, so the same command goes on where the last one ended.

use std::num::NonZeroU32;
use std::str::FromStr;

use serde::Serialize;

use super::replay::Replay;
use super::replay_outcome::{ReplayOutcome, ReplayWait};
use super::selection::Selection;
use crate::failure::Failure;

/// The largest step, letters.
const LARGEST_STEP: usize = 1_000;

/// How a ramp goes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ramp {
    /// At most so many letters a second.
    pub(crate) rate: Option<NonZeroU32>,
    /// It stops when a larger part of a step dies again.
    pub(crate) stop_at: Percent,
}

/// A part of a step, from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percent(u8);

impl Default for Percent {
    fn default() -> Percent {
        Percent(5)
    }
}

impl Percent {
    /// Whether `part` is a larger part of `all`.
    fn is_exceeded(self, part: usize, all: usize) -> bool {
        part.saturating_mul(100) > all.saturating_mul(usize::from(self.0))
    }
}

impl FromStr for Percent {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Percent, &'static str> {
        let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
        number.filter(|it| *it <= 100).map(Percent).ok_or("expected a percentage, such as 5%")
    }
}

/// What became of the letters of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct RampStep {
    pub(crate) letters: usize,
    pub(crate) dead_again: usize,
    /// They wait in a retry tier: what they need was not there.
    pub(crate) retrying: usize,
    /// No worker has handled them yet.
    pub(crate) waiting: usize,
}

/// Why a ramp ended before all letters were sent back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RampStop {
    /// Too many letters of the last step died again.
    DeadAgain,
    /// Too many letters of the last step died again, or wait in a retry tier and may die there.
    Retrying,
    /// No worker has come to letters of the last step.
    NoWorker,
}

impl RampStop {
    fn after(step: RampStep, ramp: Ramp) -> Option<RampStop> {
        if ramp.stop_at.is_exceeded(step.dead_again, step.letters) {
            return Some(RampStop::DeadAgain);
        }
        if ramp.stop_at.is_exceeded(step.dead_again + step.retrying, step.letters) {
            return Some(RampStop::Retrying);
        }
        (step.waiting > 0).then_some(RampStop::NoWorker)
    }

    /// In Chinese.
    pub(crate) fn chinese(self) -> &'static str {
        match self {
            RampStop::DeadAgain => "上一步再次失败的太多，请先排除原因",
            RampStop::Retrying => "上一步有太多死信进了重试队列：缺的东西还没有，它们可能再次失败",
            RampStop::NoWorker => "上一步有死信还没有 worker 处理",
        }
    }

    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            RampStop::DeadAgain => {
                "too many letters of the last step died again: remove the cause first"
            }
            RampStop::Retrying => {
                "too many letters of the last step wait in a retry tier: what they need is still missing, and they may die again"
            }
            RampStop::NoWorker => "no worker has come to letters of the last step",
        }
    }
}

/// How far a ramp has come.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RampProgress {
    pub(crate) steps: Vec<RampStep>,
    /// Why it stopped by itself.
    pub(crate) stopped: Option<RampStop>,
}

impl RampProgress {
    /// How many letters went back.
    pub(crate) fn letters(&self) -> usize {
        self.steps.iter().map(|step| step.letters).sum()
    }
}

/// The letters of each step: 1, 10, 100, then [`LARGEST_STEP`] at a time.
fn step_sizes() -> impl Iterator<Item = usize> {
    (0..).map(|step| 10_usize.saturating_pow(step).min(LARGEST_STEP))
}

/// Replays the selected letters step by step, at most `limit`. `after_step` is told of each step and its outcomes. What was done
/// before a failure is in `progress`.
pub(crate) async fn ramp_up(
    replay: &mut Replay<'_>,
    selection: &Selection,
    limit: usize,
    ramp: Ramp,
    progress: &mut RampProgress,
    mut after_step: impl FnMut(&RampProgress, ReplayWait),
) -> Result<(), Failure> {
    for size in step_sizes() {
        let before = replay.letters();
        let size = size.min(limit - before);
        replay.wait = Some(ReplayWait::new(replay.config));
        let walked = replay.walk(size, selection).await;
        let letters = replay.letters() - before;
        let Some(wait) = replay.wait().await? else { return walked };
        if letters == 0 {
            return walked;
        }
        let step = RampStep {
            letters,
            dead_again: wait.count(ReplayOutcome::DeadAgain),
            retrying: wait.count(ReplayOutcome::Retrying),
            waiting: wait.count(ReplayOutcome::Waiting),
        };
        progress.steps.push(step);
        progress.stopped = RampStop::after(step, ramp);
        after_step(progress, wait);
        walked?;
        if progress.stopped.is_some() || letters < size || replay.letters() >= limit {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Percent, Ramp, RampStep, RampStop, step_sizes};

    #[test]
    fn steps_grow_to_a_thousand() {
        let sizes: Vec<usize> = step_sizes().take(6).collect();
        assert_eq!(sizes, [1, 10, 100, 1000, 1000, 1000]);
    }

    #[test]
    fn it_stops_when_more_than_the_given_part_of_a_step_dies_again() {
        let ramp = |stop_at: &str| Ramp { stop_at: stop_at.parse().unwrap(), ..Ramp::default() };
        let of = |letters, dead_again, retrying, waiting, stop_at: &str| {
            RampStop::after(RampStep { letters, dead_again, retrying, waiting }, ramp(stop_at))
        };
        let after =
            |letters, dead_again, waiting, stop_at| of(letters, dead_again, 0, waiting, stop_at);
        assert_eq!(of(1, 0, 1, 0, "5%"), Some(RampStop::Retrying));
        assert_eq!(of(100, 3, 2, 0, "5%"), None);
        assert_eq!(of(100, 3, 3, 0, "5%"), Some(RampStop::Retrying));
        assert_eq!(after(1, 1, 0, "5%"), Some(RampStop::DeadAgain));
        assert_eq!(after(100, 5, 0, "5%"), None);
        assert_eq!(after(100, 6, 0, "5%"), Some(RampStop::DeadAgain));
        assert_eq!(after(100, 100, 0, "100%"), None);
        assert_eq!(after(10, 1, 0, "0"), Some(RampStop::DeadAgain));
        assert_eq!(after(10, 0, 1, "5%"), Some(RampStop::NoWorker));
        for wrong in ["", "%", "101%", "-1", "5.5%"] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }
}

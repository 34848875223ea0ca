//! What is broken, when: drawn from the seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// The kinds of parts, and how many of each there are.
pub(crate) const PARTS: [(Kind, usize); 4] =
    [(Kind::Worker, 3), (Kind::Ingress, 2), (Kind::Broker, 1), (Kind::Database, 1)];

/// Which program a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Worker,
    Ingress,
    Broker,
    Database,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Worker => "worker",
            Kind::Ingress => "ingress",
            Kind::Broker => "broker",
            Kind::Database => "database",
        }
    }

    /// Of a hundred faults, so many hit this kind: what there is more of is hit more often.
    fn weight(self) -> u32 {
        match self {
            Kind::Worker => 40,
            Kind::Ingress => 25,
            Kind::Broker => 15,
            Kind::Database => 20,
        }
    }
}

/// What happens to a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// SIGKILL, and a new start after so long.
    Kill { down: Duration },
    /// SIGSTOP, and SIGCONT after so long: connections stay open, and nothing answers.
    Pause { length: Duration },
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// How long after the one before it; faults of different parts overlap.
    pub(crate) gap: Duration,
    pub(crate) kind: Kind,
    /// Which one of its kind, from 0.
    pub(crate) number: usize,
    pub(crate) action: Action,
}

/// Draws `count` faults; none pauses a part for longer than `longest`. Each kind of part is hit
/// before one is hit again, then chance alone decides.
pub(crate) fn plan(seed: u64, count: usize, longest: Duration) -> Vec<Fault> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut first: Vec<Kind> = PARTS.iter().map(|(kind, _)| *kind).collect();
    first.shuffle(&mut rng);
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1_000);
    let mut faults = Vec::with_capacity(count);
    for index in 0..count {
        let kind = first.get(index).copied().unwrap_or_else(|| draw(&mut rng));
        let there_are = PARTS.iter().find(|(other, _)| *other == kind).map_or(1, |(_, n)| *n);
        let milliseconds = |rng: &mut StdRng, from: u64, to: u64| {
            Duration::from_millis(rng.random_range(from..=to))
        };
        let action = if rng.random_bool(0.6) {
            Action::Kill { down: milliseconds(&mut rng, 0, 1_500) }
        } else {
            Action::Pause { length: milliseconds(&mut rng, 1_000, longest) }
        };
        faults.push(Fault {
            gap: milliseconds(&mut rng, 300, 3_500),
            kind,
            number: rng.random_range(0..there_are),
            action,
        });
    }
    faults
}

/// From the start to the last fault.
pub(crate) fn span(faults: &[Fault]) -> Duration {
    faults.iter().map(|fault| fault.gap).sum()
}

fn draw(rng: &mut StdRng) -> Kind {
    let mut left = rng.random_range(0..100);
    for (kind, _) in PARTS {
        if left < kind.weight() {
            return kind;
        }
        left -= kind.weight();
    }
    Kind::Worker
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{PARTS, plan};

    #[test]
    fn a_seed_decides_everything() {
        let longest = Duration::from_secs(10);
        assert_eq!(plan(1, 40, longest), plan(1, 40, longest));
        assert_ne!(plan(1, 40, longest), plan(2, 40, longest));
    }

    #[test]
    fn few_faults_hit_every_kind() {
        for seed in 0..50 {
            let faults = plan(seed, PARTS.len(), Duration::from_secs(10));
            let kinds: BTreeSet<_> = faults.iter().map(|fault| fault.kind).collect();
            assert_eq!(kinds.len(), PARTS.len(), "seed {seed}");
        }
    }

    #[test]
    fn weights_are_of_a_hundred() {
        assert_eq!(PARTS.iter().map(|(kind, _)| kind.weight()).sum::<u32>(), 100);
    }
}

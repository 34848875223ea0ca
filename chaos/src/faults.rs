//! What is broken, when: drawn from the seed.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// The kinds of parts, and how many of each there are with so many nodes of the broker.
pub(crate) fn parts(nodes: usize) -> [(PartKind, usize); 7] {
    [
        (PartKind::Worker, 3),
        (PartKind::Ingress, 2),
        (PartKind::Broker, nodes),
        (PartKind::Database, 1),
        (PartKind::WorkerToBroker, 3),
        (PartKind::WorkerToDatabase, 3),
        (PartKind::IngressToBroker, 2),
    ]
}

/// Which program a part is, or which line between two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PartKind {
    Worker,
    Ingress,
    Broker,
    Database,
    WorkerToBroker,
    WorkerToDatabase,
    IngressToBroker,
}

impl PartKind {
    /// A program's name; a line's is that of its end which there are more of.
    pub(crate) fn name(self) -> &'static str {
        match self {
            PartKind::Worker | PartKind::WorkerToBroker | PartKind::WorkerToDatabase => "worker",
            PartKind::Ingress | PartKind::IngressToBroker => "ingress",
            PartKind::Broker => "broker",
            PartKind::Database => "database",
        }
    }

    /// The server at the end of a line; none for a program.
    pub(crate) fn line_to(self) -> Option<PartKind> {
        match self {
            PartKind::WorkerToBroker | PartKind::IngressToBroker => Some(PartKind::Broker),
            PartKind::WorkerToDatabase => Some(PartKind::Database),
            PartKind::Worker | PartKind::Ingress | PartKind::Broker | PartKind::Database => None,
        }
    }

    /// `worker-2`, `broker`, `worker-2→broker`; `number` counts from 0, `count` is of its kind.
    pub(crate) fn part_name(self, number: usize, count: usize) -> String {
        let name = self.name();
        match self.line_to() {
            None if count == 1 => name.to_owned(),
            None => format!("{name}-{}", number + 1),
            Some(server) => format!("{name}-{}→{}", number + 1, server.name()),
        }
    }

    /// Of a hundred faults, so many hit this kind: what there is more of is hit more often.
    fn weight(self, nodes: usize) -> u32 {
        match self {
            PartKind::Broker if nodes > 1 => 30,
            PartKind::Worker if nodes > 1 => 17,
            PartKind::Ingress if nodes > 1 => 10,
            PartKind::Database if nodes > 1 => 10,
            PartKind::Worker => 27,
            PartKind::Ingress => 16,
            PartKind::Broker => 10,
            PartKind::Database => 14,
            PartKind::WorkerToBroker => 11,
            PartKind::WorkerToDatabase => 12,
            PartKind::IngressToBroker => 10,
        }
    }
}

/// What happens to a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultAction {
    /// SIGKILL, and a new start after so long.
    Kill { down: Duration },
    /// SIGSTOP, and SIGCONT after so long: connections stay open, and nothing answers.
    Pause { length: Duration },
    /// A line: reset after so many more bytes, in the middle of whatever is said then, and refused
    /// until so long after now.
    Cut { after: u64, length: Duration },
    /// A line: each piece of data is late.
    Delay { by: Duration, length: Duration },
    /// A line: connections stay open, and no byte passes.
    BlackHole { length: Duration },
    /// A node of a cluster: its lines to the other nodes are cut, those to programs are not.
    Isolate { length: Duration },
}

impl FaultAction {
    /// What all of them are called in the table.
    pub(crate) const NAMES: [&str; 6] =
        ["kill -9", "SIGSTOP", "cut", "delay", "black hole", "isolated"];

    /// How long the part is broken.
    fn length(self) -> Duration {
        match self {
            FaultAction::Kill { down: length }
            | FaultAction::Pause { length }
            | FaultAction::Cut { length, .. }
            | FaultAction::Delay { length, .. }
            | FaultAction::BlackHole { length }
            | FaultAction::Isolate { length } => length,
        }
    }

    /// What it is called in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            FaultAction::Kill { .. } => "kill -9",
            FaultAction::Pause { .. } => "SIGSTOP",
            FaultAction::Cut { .. } => "cut",
            FaultAction::Delay { .. } => "delay",
            FaultAction::BlackHole { .. } => "black hole",
            FaultAction::Isolate { .. } => "isolated",
        }
    }
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlannedFault {
    /// How long after the one before it; faults of different parts overlap.
    pub(crate) gap: Duration,
    pub(crate) kind: PartKind,
    /// Which one of its kind, from 0.
    pub(crate) number: usize,
    /// Instead of that one the node that leads the work queue then.
    pub(crate) leader: bool,
    pub(crate) action: FaultAction,
}

/// Draws `count` faults; none stops or silences a part for longer than `longest`. Each kind of part
/// is hit before one is hit again, then chance alone decides.
pub(crate) fn plan(seed: u64, count: usize, longest: Duration, nodes: usize) -> Vec<PlannedFault> {
    let mut rng = StdRng::seed_from_u64(seed);
    let parts = parts(nodes);
    let mut first: Vec<PartKind> = parts.iter().map(|(kind, _)| *kind).collect();
    first.shuffle(&mut rng);
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1_000);
    let mut faults = Vec::with_capacity(count);
    for index in 0..count {
        let kind = first.get(index).copied().unwrap_or_else(|| draw(&mut rng, nodes));
        let there_are = parts.iter().find(|(other, _)| *other == kind).map_or(1, |(_, n)| *n);
        let is_node = kind == PartKind::Broker && nodes > 1;
        let action = match kind.line_to() {
            None if is_node && rng.random_bool(0.25) => {
                FaultAction::Isolate { length: milliseconds(&mut rng, 1_000, longest) }
            }
            None => break_program(&mut rng, longest),
            Some(_) => break_line(&mut rng, longest),
        };
        faults.push(PlannedFault {
            gap: milliseconds(&mut rng, 300, 3_500),
            kind,
            number: rng.random_range(0..there_are),
            leader: is_node && rng.random_bool(0.5),
            action,
        });
    }
    faults
}

fn break_program(rng: &mut StdRng, longest: u64) -> FaultAction {
    if rng.random_bool(0.6) {
        FaultAction::Kill { down: milliseconds(rng, 0, 1_500) }
    } else {
        FaultAction::Pause { length: milliseconds(rng, 1_000, longest) }
    }
}

fn break_line(rng: &mut StdRng, longest: u64) -> FaultAction {
    match rng.random_range(0..3) {
        0 => FaultAction::Cut {
            after: rng.random_range(0..20_000),
            length: milliseconds(rng, 300, 4_000),
        },
        1 => FaultAction::Delay {
            by: milliseconds(rng, 5, 200),
            length: milliseconds(rng, 1_000, longest),
        },
        _ => FaultAction::BlackHole { length: milliseconds(rng, 1_000, longest) },
    }
}

fn milliseconds(rng: &mut StdRng, from: u64, to: u64) -> Duration {
    Duration::from_millis(rng.random_range(from..=to))
}

/// From the start to the last fault.
pub(crate) fn span(faults: &[PlannedFault]) -> Duration {
    faults.iter().map(|fault| fault.gap).sum()
}

/// How long the part that is hit hardest is broken in all: its faults come one after the other.
pub(crate) fn busiest(faults: &[PlannedFault]) -> Duration {
    let mut broken: BTreeMap<(PartKind, usize), Duration> = BTreeMap::new();
    for fault in faults {
        *broken.entry((fault.kind, fault.number)).or_default() += fault.action.length();
    }
    broken.into_values().max().unwrap_or_default()
}

/// Lengthens the gaps so that the last fault comes after `least`, where it would come earlier.
pub(crate) fn stretch(faults: &mut [PlannedFault], least: Duration) {
    let now = span(faults);
    if now < least && !now.is_zero() {
        let percent = u32::try_from(least.as_millis() * 100 / now.as_millis().max(1));
        let percent = percent.unwrap_or(u32::MAX).max(100);
        faults.iter_mut().for_each(|fault| fault.gap = fault.gap.saturating_mul(percent) / 100);
    }
}

fn draw(rng: &mut StdRng, nodes: usize) -> PartKind {
    let mut left = rng.random_range(0..100);
    for (kind, _) in parts(nodes) {
        let weight = kind.weight(nodes);
        if left < weight {
            return kind;
        }
        left -= weight;
    }
    PartKind::Worker
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::{FaultAction, PartKind, PlannedFault, busiest, parts, plan, span, stretch};

    #[test]
    fn a_seed_decides_everything() {
        let longest = Duration::from_secs(10);
        assert_eq!(plan(1, 40, longest, 1), plan(1, 40, longest, 1));
        assert_ne!(plan(1, 40, longest, 1), plan(2, 40, longest, 1));
    }

    #[test]
    fn few_faults_hit_every_kind() {
        for seed in 0..50 {
            let count = parts(1).len();
            let faults = plan(seed, count, Duration::from_secs(10), 1);
            let kinds: BTreeSet<_> = faults.iter().map(|fault| fault.kind).collect();
            assert_eq!(kinds.len(), count, "seed {seed}");
        }
    }

    #[test]
    fn many_faults_are_of_every_sort() {
        let names = |nodes| -> BTreeSet<&str> {
            let faults = plan(7, 200, Duration::from_secs(10), nodes);
            faults.iter().map(|fault| fault.action.name()).collect()
        };
        assert_eq!(names(3), BTreeSet::from(FaultAction::NAMES));
        // One node cannot be isolated from others.
        assert_eq!(names(1).len(), FaultAction::NAMES.len() - 1);
    }

    #[test]
    fn every_node_is_hit_and_the_leader_on_purpose() {
        let faults = plan(7, 200, Duration::from_secs(10), 3);
        let of_nodes = || faults.iter().filter(|fault| fault.kind == PartKind::Broker);
        let numbers: BTreeSet<_> = of_nodes().map(|fault| fault.number).collect();
        assert_eq!(numbers, BTreeSet::from([0, 1, 2]));
        assert!(of_nodes().any(|fault| fault.leader) && of_nodes().any(|fault| !fault.leader));
    }

    #[test]
    fn weights_are_of_a_hundred() {
        for nodes in [1, 3] {
            let weights = parts(nodes).map(|(kind, _)| kind.weight(nodes));
            assert_eq!(weights.iter().sum::<u32>(), 100);
        }
    }

    #[test]
    fn faults_are_spread_over_a_longer_time() {
        let mut faults = plan(7, 20, Duration::from_secs(10), 1);
        let short = span(&faults);
        stretch(&mut faults, short / 2);
        assert_eq!(span(&faults), short);
        stretch(&mut faults, short * 3);
        assert!(span(&faults) > short * 29 / 10, "{:?} of {short:?}", span(&faults));
    }

    #[test]
    fn the_busiest_part_is_broken_for_its_own_faults_together() {
        let second = Duration::from_secs(1);
        let kind = PartKind::Worker;
        let fault =
            |number, action| PlannedFault { gap: second, kind, number, leader: false, action };
        let (kill, pause) =
            (FaultAction::Kill { down: second }, FaultAction::Pause { length: second * 5 });
        assert_eq!(busiest(&[]), Duration::ZERO);
        assert_eq!(busiest(&[fault(0, kill), fault(1, pause), fault(0, pause)]), second * 6);
    }
}

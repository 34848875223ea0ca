//! Every property over the seeds and over damaged ones, on stable, so that no target rots; and over what
//! fuzzing has found.

#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use fuzz_properties::{TARGETS, Target};

/// The same numbers each time: splitmix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// What divides and escapes in one format or another.
const INTERESTING: &[u8] = b"&=%+^#$|.\"\\{}<>,0 \r\n\xff\x80";

/// A few bytes changed, a part cut out or repeated.
fn damaged(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let length = numbers.below(12).min(bytes.len() - at);
        let part = bytes[at..at + length].to_vec();
        match numbers.below(5) {
            0 => drop(bytes.splice(at..at + length, [])),
            1 => drop(bytes.splice(at..at, part)),
            2 => bytes.truncate(at),
            _ if bytes.is_empty() => {}
            3 => bytes[at] = INTERESTING[numbers.below(INTERESTING.len())],
            _ => bytes[at] = numbers.next() as u8,
        }
    }
    bytes
}

/// As many damaged inputs of each seed as make a second or two in a debug build.
fn rounds(target: &Target) -> usize {
    match target.name {
        "differential" => 1,
        "certificate" => 20,
        _ => 60,
    }
}

#[test]
fn every_property_holds_for_the_seeds_and_for_damaged_ones() {
    let mut numbers = Numbers(2026);
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty());
        for seed in &seeds {
            holds(&target, seed);
            for _ in 0..rounds(&target) {
                holds(&target, &damaged(seed, &mut numbers));
            }
        }
    }
}

/// Inputs that broke a property once: `findings/TARGET/` keeps them.
#[test]
fn what_was_found_stays_repaired() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../findings");
    for target in TARGETS {
        let Ok(found) = fs::read_dir(folder.join(target.name)) else { continue };
        for file in found {
            holds(&target, &fs::read(file.unwrap().path()).unwrap());
        }
    }
}

#[test]
fn every_property_is_a_fuzz_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz_targets");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let files: BTreeSet<String> = files.map(|name| name.into_string().unwrap()).collect();
    let targets = TARGETS.iter().map(|target| format!("{}.rs", target.name));
    assert_eq!(files, targets.collect());
}

#[track_caller]
fn holds(target: &Target, input: &[u8]) {
    let result = catch_unwind(AssertUnwindSafe(|| (target.holds)(input)));
    assert!(result.is_ok(), "{}: \"{}\"", target.name, input.escape_ascii());
}

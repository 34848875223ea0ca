//! Programs with an armed crash point, and how they die.

use std::os::unix::process::ExitStatusExt;

use testkit::Program;

use crate::world::World;

/// The signal of `abort`.
const SIGABRT: i32 = 6;

/// Starts a program of ours on the world's configuration with more in its environment.
pub(crate) fn start(world: &World, name: &str, more: &[(&str, &str)]) -> Program {
    world.pipeline.with(more).program(name, &[])
}

/// Waits for its end, which must be the abort at `why`.
pub(crate) fn died_by(program: &mut Program, why: &str) {
    let status = program.wait();
    assert_eq!(status.signal(), Some(SIGABRT), "{why}: ended with {status}");
    let said = program.stderr();
    let last = said.lines().last().unwrap_or_default();
    assert!(last.contains("aborting") && last.contains(why), "{why}: {last}");
}

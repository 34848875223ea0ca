//! The short chaos: a few faults with a fixed seed, on servers of its own. `make chaos` is the long one.

use std::time::Instant;

use testkit::run_program;

#[test]
fn a_few_faults_lose_nothing() {
    let began = Instant::now();
    let output = run_program(
        "chaos",
        &[
            "--seed=20261123",
            "--faults=8",
            "--orders=300",
            "--longest-pause=6",
            // Ends by itself before the test runner ends it, so that the logs are kept.
            "--limit=420",
            "--folder",
            env!("CARGO_TARGET_TMPDIR"),
        ],
        &[],
    );
    let (text, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let seconds = began.elapsed().as_secs();
    assert!(output.status.success(), "{} after {seconds} s\n{text}\n{errors}", output.status);
    // A run that broke or checked nothing would pass, too.
    assert!(text.contains("8/8: "), "{text}");
    assert!(text.contains("✓ I7"), "{text}");
}

//! The short chaos: a few faults with a fixed seed, and two short outages, on servers of its own. `make
//! chaos` is the long one.

use std::time::Instant;

use testkit::run_program;

/// Runs `chaos` and returns what it printed; it must end well.
fn chaos(arguments: &[&str]) -> String {
    let began = Instant::now();
    let own = ["--seed=20261123", "--folder", env!("CARGO_TARGET_TMPDIR")];
    // Ends by itself before the test runner ends it, so that the logs are kept.
    let output = run_program("chaos", &[&own[..], &["--limit=420"], arguments].concat(), &[]);
    let (text, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let seconds = began.elapsed().as_secs();
    assert!(output.status.success(), "{} after {seconds} s\n{text}\n{errors}", output.status);
    // A run that checked nothing would pass, too.
    assert!(text.contains("✓ I7"), "{text}");
    text.into_owned()
}

#[test]
fn a_few_faults_lose_nothing() {
    let text = chaos(&["--faults=10", "--orders=300", "--longest-pause=6"]);
    // A run that broke nothing would pass, too.
    assert!(text.contains("10/10: ") && text.contains("✓ queries"), "{text}");
    assert!(!text.contains("· 0 orders lost"), "{text}");
    // Each ending of an order's time has happened.
    assert!(text.contains("✓ ledger") && text.contains(" closed at Alipay, "), "{text}");
    for none in
        [" 0 without a trade", " 0 closed at", " 0 paid late and", "· 0 orders were refunded"]
    {
        assert!(!text.contains(none), "{none}: {text}");
    }
}

/// Twice the limit of a recovery on an idle machine: this one is busy with other tests.
const OUTAGE: [&str; 3] = ["--for=20s", "--orders=160", "--recovery=10s"];

#[test]
fn an_outage_of_the_broker_blames_nobody() {
    let text = chaos(&[&["--outage=broker"][..], &OUTAGE].concat());
    assert!(text.contains("✓ outage"), "{text}");
}

#[test]
fn an_outage_of_the_database_blames_nobody() {
    let text = chaos(&[&["--outage=database"][..], &OUTAGE].concat());
    assert!(text.contains("✓ outage"), "{text}");
}

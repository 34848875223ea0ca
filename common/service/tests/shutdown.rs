//! Signals reach the token. In a file of its own: the signal goes to the whole test process.

use std::process::Command;
use std::time::Duration;

#[tokio::test]
async fn sigterm_cancels_the_token() {
    let token = service::shutdown::on_signals();
    assert!(!token.is_cancelled());
    let own = std::process::id().to_string();
    assert!(Command::new("kill").args(["-TERM", &own]).status().unwrap().success());
    tokio::time::timeout(Duration::from_secs(10), token.cancelled()).await.expect("cancelled");
}

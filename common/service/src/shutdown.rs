//! Stopping on a signal.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a shell reports for a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// A token that SIGTERM or SIGINT cancels. A second signal ends the process at once with exit code 130.
///
/// Must be called inside a tokio runtime.
pub fn on_signals() -> CancellationToken {
    let token = CancellationToken::new();
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => {
            tokio::spawn(watch(terminate, interrupt, token.clone()));
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "no graceful stop: signals cannot be watched");
        }
    }
    token
}

async fn watch(mut terminate: Signal, mut interrupt: Signal, token: CancellationToken) {
    let name = next(&mut terminate, &mut interrupt).await;
    tracing::info!(signal = name, "stopping");
    token.cancel();
    let name = next(&mut terminate, &mut interrupt).await;
    tracing::warn!(signal = name, "second signal: stopping at once");
    #[expect(clippy::disallowed_methods, reason = "whoever asks twice does not want to wait")]
    std::process::exit(INTERRUPTED);
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

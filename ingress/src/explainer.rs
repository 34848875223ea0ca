//! Explains in the log why a notification's signature is not valid: what `ops verify` would say.
//!
//! It takes dozens of verifications, and anybody who sends rubbish could cause them. So it is done for few messages a
//! minute, one at a time, on a thread of its own, after the answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alipay::{Form, SignatureError};
use config::signature_remedy::{Effort, remedies};
use config::{Config, Merchant};
use parking_lot::Mutex;
use service::trace;

const WINDOW: Duration = Duration::from_secs(60);
/// Explanations in a minute, of all merchants together.
const MAX_A_MINUTE: u32 = 4;

/// Which messages are explained; shared by all requests.
#[derive(Debug, Default)]
pub(crate) struct Explainer {
    minute: Mutex<Option<(Instant, u32)>>,
    /// Locked while one is explained; the few others wait.
    one_at_a_time: Arc<tokio::sync::Mutex<()>>,
}

impl Explainer {
    /// Explains a refused notification, unless there were enough of them. Returns at once.
    pub(crate) fn explain(
        &self,
        config: &Arc<Config>,
        merchant: &Merchant,
        body: &[u8],
        error: &SignatureError,
    ) {
        let is_mismatch = matches!(error, SignatureError::Mismatch { .. })
            || matches!(
                error,
                SignatureError::SignTypeNotAllowed { .. } | SignatureError::Malformed
            );
        if !is_mismatch || !self.is_one_of_few(Instant::now()) {
            return;
        }
        let one_at_a_time = Arc::clone(&self.one_at_a_time);
        let (config, name) = (Arc::clone(config), merchant.name.clone());
        let (body, error, trace) = (body.to_vec(), error.clone(), trace::current());
        tokio::spawn(async move {
            let locked = one_at_a_time.lock_owned().await;
            tokio::task::spawn_blocking(move || {
                let _locked = locked;
                trace::within(trace, || log_cause(&config, &name, &body, &error));
            });
        });
    }

    /// Whether this is among the first of its minute.
    fn is_one_of_few(&self, now: Instant) -> bool {
        let mut minute = self.minute.lock();
        let (began, count) = minute.get_or_insert((now, 0));
        if now.saturating_duration_since(*began) >= WINDOW {
            (*began, *count) = (now, 0);
        }
        *count += 1;
        *count <= MAX_A_MINUTE
    }
}

fn log_cause(config: &Config, name: &str, body: &[u8], error: &SignatureError) {
    let (Some(merchant), Ok(form)) = (config.merchant(name), Form::parse(body)) else { return };
    let found = remedies(config, merchant, &form, body, error, Effort::Bounded);
    match found.first() {
        Some(remedy) => tracing::warn!(
            merchant = name,
            cause = remedy.code,
            "why the signature is not valid: {}",
            remedy.says
        ),
        None => tracing::warn!(
            merchant = name,
            cause = "unknown",
            "why the signature is not valid: no configured key made it, and no usual change of the body explains it: a \
             value was changed, a parameter is missing, or alipay_public_keys is not the key that Alipay uses now; with \
             the body in a file, ops verify tries more"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_not_explained() {
        let (explainer, now) = (Explainer::default(), Instant::now());
        let explained = |at: Instant| (0..1000).filter(|_| explainer.is_one_of_few(at)).count();
        assert_eq!(explained(now), 4);
        assert_eq!(explained(now + WINDOW / 2), 0);
        assert_eq!(explained(now + WINDOW), 4);
    }
}

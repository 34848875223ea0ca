//! Whether the account at the broker may do more than an ingress needs.
//!
//! The ingress can be reached from the internet. With an account that can only write to the exchange
//! `alipay.notify`, an attacker who takes it over can publish notifications, which workers verify again,
//! and can neither read nor delete other messages.

use std::future::pending;
use std::time::Duration;

use queue::{Cluster, account};

use crate::IngressError;

/// The pause between two attempts to ask a broker that is away.
const PAUSE: Duration = Duration::from_secs(2);

/// Finds out once, as soon as the broker answers, and logs it. Resolves only with the reason to
/// end: `required`, and the account may do more.
pub(crate) async fn check(cluster: Cluster, required: bool) -> IngressError {
    let beyond = loop {
        match account::beyond_publishing(&cluster).await {
            Ok(permissions) => break permissions,
            Err(error) => tracing::debug!(%error, "the account's permissions are not known yet"),
        }
        tokio::time::sleep(PAUSE).await;
    };
    let text = beyond.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (beyond.is_empty(), required) {
        (true, _) => tracing::info!("the account at the broker can publish and do no more"),
        (false, true) => return IngressError::Privileges { beyond: text },
        (false, false) => tracing::warn!(
            beyond = text,
            "the account at the broker may do more than an ingress needs: see scripts/broker-accounts, \
             and then ingress.least_privilege"
        ),
    }
    pending().await
}

//! What the ingress reports at its admin endpoint.

use std::collections::BTreeMap;
use std::time::Duration;

use config::Config;
use hyper::StatusCode;
use service::metric;
use tokio::time::timeout;

use crate::operations::admin_endpoint;
use crate::operations::metric_text::counters;

/// How long it may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// One look at the ingress that is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IngressLook {
    /// Its address, as in `ingress.admin_listen`.
    pub(crate) address: String,
    pub(crate) answer: IngressAnswer,
    /// What it has counted; none where its metrics could not be read.
    pub(crate) counted: Option<Counted>,
}

/// What it has counted since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// The outcome of notifications, by merchant.
    pub(crate) notifications: BTreeMap<String, Notifications>,
    /// How many were refused, by why.
    pub(crate) refused: BTreeMap<Refused, u64>,
}

/// What was refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refused {
    /// A notification to the URL of a merchant; without its name where none is configured.
    Notification { merchant: String, reason: String },
    /// A POST to an unknown path below `/alipay/`.
    UnknownPath,
}

/// What `/readyz` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IngressAnswer {
    Ready,
    /// For this reason.
    NotReady(String),
    /// Nothing answers.
    Nothing,
    /// Another program answers.
    Stranger,
}

/// How many notifications had which answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Notifications {
    pub(crate) accepted: u64,
    pub(crate) bad_signature: u64,
}

impl IngressLook {
    /// Asks, where `ingress.admin_listen` is an address with a known port.
    pub(crate) async fn take(config: &Config) -> Option<IngressLook> {
        let address = config.ingress.admin_listen.filter(|address| address.port() != 0)?;
        let here = admin_endpoint::here(address).to_string();
        let ask = |path| timeout(ANSWER_TIMEOUT, admin_endpoint::get(&here, path));
        let (ready, metrics) = tokio::join!(ask("/readyz"), ask("/metrics"));
        let answer = match ready {
            Ok(Ok((status, body))) => read_answer(status, &String::from_utf8_lossy(&body)),
            Ok(Err(_)) | Err(_) => IngressAnswer::Nothing,
        };
        let counted = match metrics {
            Ok(Ok((StatusCode::OK, body))) => Some(counted(&String::from_utf8_lossy(&body))),
            _ => None,
        };
        Some(IngressLook { address: address.to_string(), answer, counted })
    }
}

fn read_answer(status: StatusCode, body: &str) -> IngressAnswer {
    match (status, body.strip_prefix("not ready: ")) {
        (StatusCode::OK, _) if body == "ready" => IngressAnswer::Ready,
        (StatusCode::SERVICE_UNAVAILABLE, Some(why)) => IngressAnswer::NotReady(why.to_owned()),
        _ => IngressAnswer::Stranger,
    }
}

/// The reason of a signature that no key of the merchant made.
pub(crate) const BAD_SIGNATURE: &str = "bad_signature";

/// The counts in what Prometheus reads.
fn counted(metrics: &str) -> Counted {
    let mut counted = Counted::default();
    for (labels, count) in counters(metrics, metric::INGRESS_REQUESTS) {
        let merchant = labels.get("merchant").unwrap_or_default().to_owned();
        let of = counted.notifications.entry(merchant.clone()).or_default();
        match (labels.get("outcome"), labels.get("reason")) {
            (Some("success"), _) => of.accepted += count,
            (Some("fail"), Some(reason)) => {
                if reason == BAD_SIGNATURE {
                    of.bad_signature += count;
                }
                let refused = Refused::Notification { merchant, reason: reason.to_owned() };
                *counted.refused.entry(refused).or_default() += count;
            }
            _ => {}
        }
    }
    for (_, count) in counters(metrics, metric::INGRESS_UNKNOWN_PATHS) {
        *counted.refused.entry(Refused::UnknownPath).or_default() += count;
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifications_are_counted_by_merchant() {
        let metrics = "# TYPE alipay_ingress_requests_total counter\n\
            alipay_ingress_requests_total{merchant=\"shop\",outcome=\"success\",reason=\"\"} 7\n\
            alipay_ingress_requests_total{merchant=\"app\",outcome=\"fail\",reason=\"bad_signature\"} 2\n\
            alipay_ingress_requests_total{merchant=\"app\",outcome=\"fail\",reason=\"no_body\"} 9\n\
            alipay_ingress_returns_total{merchant=\"app\",outcome=\"fail\",reason=\"bad_signature\"} 5\n\
            alipay_ingress_unknown_paths_total 4\n\
            alipay_ingress_in_flight 3\n";
        let expected = [
            ("app".to_owned(), Notifications { accepted: 0, bad_signature: 2 }),
            ("shop".to_owned(), Notifications { accepted: 7, bad_signature: 0 }),
        ];
        let counted = counted(metrics);
        assert_eq!(counted.notifications, BTreeMap::from(expected));
        let refused = |reason: &str| Refused::Notification {
            merchant: "app".to_owned(),
            reason: reason.to_owned(),
        };
        let expected =
            [(refused("bad_signature"), 2), (refused("no_body"), 9), (Refused::UnknownPath, 4)];
        assert_eq!(counted.refused, BTreeMap::from(expected));
        assert_eq!(super::counted(""), Counted::default());
    }

    #[test]
    fn only_our_words_are_an_answer() {
        assert_eq!(read_answer(StatusCode::OK, "ready"), IngressAnswer::Ready);
        let why = IngressAnswer::NotReady("broker".to_owned());
        assert_eq!(read_answer(StatusCode::SERVICE_UNAVAILABLE, "not ready: broker"), why);
        for (status, body) in [
            (StatusCode::OK, "<html>"),
            (StatusCode::NOT_FOUND, "not found"),
            (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        ] {
            assert_eq!(read_answer(status, body), IngressAnswer::Stranger, "{status} {body}");
        }
    }
}

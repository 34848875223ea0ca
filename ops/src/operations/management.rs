//! RabbitMQ's management HTTP API, where `amqp.management_url` says where it is: it knows what AMQP does
//! not tell, such as messages that are not ready, bindings, and queues that are not ours.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use config::Amqp;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::failure::Failure;
use crate::operations::http_client::answer_to;

/// How long one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// The API of one virtual host.
pub(crate) struct Management {
    /// Without user and password.
    address: Url,
    authorization: HeaderValue,
    vhost: String,
}

/// A queue.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BrokerQueue {
    pub(crate) name: String,
    /// Everything that is in it.
    #[serde(default)]
    pub(crate) messages: Option<u64>,
    /// What it was declared with.
    #[serde(default)]
    pub(crate) arguments: BTreeMap<String, Value>,
    /// What its policy adds; some versions leave that to the list of policies.
    #[serde(default)]
    pub(crate) effective_policy_definition: Value,
    /// The name of the policy that applies.
    #[serde(default)]
    pub(crate) policy: Option<String>,
}

/// An exchange.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BrokerExchange {
    pub(crate) name: String,
    /// `direct`, `fanout` and so on.
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A binding.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BrokerBinding {
    /// The exchange; empty for the default exchange.
    pub(crate) source: String,
    pub(crate) destination: String,
    /// `queue` or `exchange`.
    pub(crate) destination_type: String,
    pub(crate) routing_key: String,
}

/// A policy.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BrokerPolicy {
    pub(crate) name: String,
    pub(crate) definition: Value,
}

/// An alarm that is in effect at a node: the broker takes no messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct BrokerAlarm {
    pub(crate) node: String,
    /// `memory`, `disk`.
    pub(crate) resource: String,
}

/// Answer of the health check of alarms.
#[derive(Deserialize)]
struct Alarms {
    #[serde(default)]
    alarms: Vec<BrokerAlarm>,
}

impl Management {
    /// The API, where the configuration names one. `vhost` is that of the AMQP URL.
    pub(crate) fn configured(amqp: &Amqp, vhost: &str) -> Result<Option<Management>, Failure> {
        let Some(url) = &amqp.management_url else { return Ok(None) };
        let unusable = || Failure::Usage("amqp.management_url is no usable URL".to_owned());
        let mut address = Url::parse(url.expose_secret()).map_err(|_| unusable())?;
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = plain(address.username());
        let password = plain(address.password().unwrap_or_default());
        let login = STANDARD.encode(format!("{user}:{password}"));
        let mut authorization =
            HeaderValue::try_from(format!("Basic {login}")).map_err(|_| unusable())?;
        authorization.set_sensitive(true);
        address.set_username("").map_err(|()| unusable())?;
        address.set_password(None).map_err(|()| unusable())?;
        let vhost = utf8_percent_encode(vhost, NON_ALPHANUMERIC).to_string();
        Ok(Some(Management { address, authorization, vhost }))
    }

    /// All queues of the virtual host, with their totals.
    pub(crate) async fn queues(&self) -> Result<Vec<BrokerQueue>, Failure> {
        // Without statistics: cheap for the broker, and available also where it collects none.
        self.get("queues", "?disable_stats=true&enable_queue_totals=true").await
    }

    /// All exchanges.
    pub(crate) async fn exchanges(&self) -> Result<Vec<BrokerExchange>, Failure> {
        self.get("exchanges", "").await
    }

    /// All bindings.
    pub(crate) async fn bindings(&self) -> Result<Vec<BrokerBinding>, Failure> {
        self.get("bindings", "").await
    }

    /// All policies; `None` where the account may not see them: some versions want the tag
    /// `policymaker`.
    pub(crate) async fn policies(&self) -> Result<Option<Vec<BrokerPolicy>>, Failure> {
        let (status, body) = self.ask("policies", "").await?;
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(None),
            _ => self.read("policies", status, &body).map(Some),
        }
    }

    /// The alarms of all nodes; `None` where the account or the broker's version does not report them.
    pub(crate) async fn alarms(&self) -> Result<Vec<BrokerAlarm>, Failure> {
        // The answer is 503 while there are alarms.
        let (status, body) = self.ask_path("health/checks/alarms").await?;
        match status {
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => {
                let answer: Result<Alarms, _> = serde_json::from_slice(&body);
                Ok(answer.map(|answer| answer.alarms).unwrap_or_default())
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn get<T: DeserializeOwned>(&self, what: &str, query: &str) -> Result<T, Failure> {
        let (status, body) = self.ask(what, query).await?;
        self.read(what, status, &body)
    }

    fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        status: StatusCode,
        body: &[u8],
    ) -> Result<T, Failure> {
        if status != StatusCode::OK {
            let hint = match status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    ": the account needs the tag `monitoring` and a permission in the virtual host"
                }
                StatusCode::NOT_FOUND => ": there is no such virtual host, or it is no RabbitMQ",
                _ => "",
            };
            return Err(self.failure(format!("{what} are answered with {status}{hint}")));
        }
        serde_json::from_slice(body)
            .map_err(|error| self.failure(format!("{what} cannot be read: {error}")))
    }

    async fn ask(&self, what: &str, query: &str) -> Result<(StatusCode, Bytes), Failure> {
        self.ask_path(&format!("{what}/{}{query}", self.vhost)).await
    }

    /// What is at a path below `/api/`.
    async fn ask_path(&self, path: &str) -> Result<(StatusCode, Bytes), Failure> {
        let base = self.address.as_str().trim_end_matches('/');
        let address = format!("{base}/api/{path}");
        let request = Request::get(&address)
            .header(AUTHORIZATION, &self.authorization)
            .body(Full::<Bytes>::default())
            .map_err(|error| self.failure(error))?;
        match tokio::time::timeout(ANSWER_TIMEOUT, Box::pin(answer_to(request, MAX_ANSWER))).await {
            Ok(answer) => answer.map_err(|error| self.failure(error)),
            Err(_) => Err(self.failure(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()))),
        }
    }

    fn failure(&self, reason: impl std::fmt::Display) -> Failure {
        Failure::CouldNotAsk(format!(
            "amqp.management_url ({}): {reason}",
            self.address.as_str().trim_end_matches('/')
        ))
    }
}

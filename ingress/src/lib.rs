//! The public endpoint: it verifies a notification, publishes it, and answers `success` after the
//! broker's confirm.
//!
//! # One notification
//!
//! [`IngressServer`] accepts connections and hands each request to the endpoint, which finds the merchant by the
//! path (`POST /alipay/{merchant}/notify`), reads the body, and gives both to `notify`: the one page that
//! is the job; where the merchant wants it, `notify_verify` asks the legacy gateway in between. Everything
//! else here is about slow, broken and hostile clients.
//!
//! What is signed is taken as true and judged by the worker: a refusal here would be repeated by Alipay for
//! a day and then be gone. Refused is only what is not a notification to this merchant.
//!
//! # A buyer who comes back
//!
//! `GET /alipay/{merchant}/return` is where Alipay sends the buyer's browser. `return_page` checks the query
//! as a notification is checked, queues a request to ask the gateway, and sends the buyer on to the merchant's
//! page. It adds no facts, and a broker that is away is not the buyer's trouble.
//!
//! # Answers
//!
//! But for pages of a return URL, the body of every answer is `success` or `fail`, nothing else. `success`
//! (200) says that the broker has confirmed the message in a quorum queue, on disk. On everything else Alipay repeats the notification,
//! for about a day. Why it was refused is in the log and in the metrics, as the reason code of a
//! [`Refusal`], and is never sent to the caller. Only what is no HTTP request at all, or has a head of more
//! than 16 KiB, is answered by hyper itself, without a body.
//!
//! # Traces
//!
//! A request is handled in the trace that its headers name, else in a new one. The message of its notification carries it
//! on, and each line of the log names it.
//!
//! # Without a broker
//!
//! The endpoint listens from the start and does not need the broker to start: what it cannot publish it
//! answers `fail`, 503. The publisher connects again by itself, and exchanges and queues are declared
//! again when they are missing.
//!
//! # Metrics
//!
//! | name | kind | meaning |
//! |---|---|---|
//! | `alipay_ingress_requests_total{merchant,outcome,reason}` | counter | answers; `outcome` is `success` or `fail`, `reason` a reason code, empty for `success`; `merchant` is empty where the path names none |
//! | `alipay_ingress_returns_total{merchant,outcome,reason}` | counter | buyers who came back; `outcome` is `asked`, `not_asked` (sent on, but the question could not be queued) or `fail` |
//! | `alipay_ingress_notify_verify_total{merchant,answer}` | counter | `true`, `false`, `invalid`, `none` (no answer) or `remembered` (not asked: confirmed before) |
//! | `alipay_ingress_request_seconds{outcome}` | histogram | from the end of the headers to the answer |
//! | `alipay_ingress_confirm_seconds` | histogram | from publishing to the broker's answer |
//! | `alipay_ingress_in_flight` | gauge | requests that wait for the gateway or the broker |
//! | `alipay_ingress_connections` | gauge | open connections |
//! | `alipay_ingress_body_bytes` | gauge | bytes of bodies that are kept |
//! | `alipay_ingress_connections_closed_total{why}` | counter | connections closed to make room: `no_first_byte`, `peer_limit`, `full`, `body_memory` |
//! | `alipay_ingress_unknown_paths_total` | counter | POSTs to unknown paths below `/alipay/` |
//! | `alipay_ingress_panics_total` | counter | requests whose handler panicked; answered `fail`, 503 |

mod body;
mod broker;
mod connection;
mod connection_slots;
mod counted;
mod endpoint;
mod explainer;
mod identity;
mod notify;
mod notify_url;
mod notify_verify;
mod privileges;
mod recent_ids;
mod refusal;
mod refusal_limit;
mod refusal_log;
mod request_trace;
mod return_page;
mod return_url;
mod route;
mod server;
mod topology;

pub use refusal::Refusal;
pub use server::{IngressError, IngressServer};

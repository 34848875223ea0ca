//! The crate against a real RabbitMQ: run through `make test`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows test functions, but not the functions that they share"
)]

mod bundle;
mod client;
mod dead_letter;
mod full_queue;
mod hosts;
mod metrics;
mod proxy;
mod publish;
mod recovery;
mod refused;
mod refusing_target;
mod relay;
mod retry;
mod shards;
mod supervise;
mod tls;
mod topology;

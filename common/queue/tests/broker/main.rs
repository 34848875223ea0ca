//! The crate against a real RabbitMQ: run through `make test`.

mod client;
mod dead_letter;
mod metrics;
mod proxy;
mod publish;
mod recovery;
mod retry;
mod supervise;
mod topology;

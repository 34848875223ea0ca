//! What every program needs around its job.
//!
//! A program of this project begins with the same five lines. It loads its configuration (crate `config`), starts
//! [`telemetry`], opens the [`admin`] endpoint if one is configured, asks [`shutdown`] for a token that
//! SIGTERM cancels, and then does its job until the token says stop. Programs with pages for
//! people serve them with [`http`], put them together with [`page`], in one [`language`] at a time, and keep other sites out with
//! [`guard`]; what is shown to people goes through [`invisible`]. [`outage`] logs that a server is away, and [`connect_failure`] explains why.
//!
//! This crate knows neither the database nor the broker. So the public endpoint can use it without linking a database client.

pub mod admin;
pub mod backoff;
pub mod command_line;
pub mod connect_failure;
pub mod crash_point;
pub mod duration;
pub mod guard;
pub mod http;
pub mod invisible;
pub mod language;
pub mod metric;
pub mod outage;
pub mod page;
pub mod shutdown;
pub mod telemetry;
pub mod trace;

//! Private servers for tests, the demo and measurements.
//!
//! Tests of this project run against a real RabbitMQ and a real database. `testkit run -- COMMAND`
//! starts both on free loopback ports in a fresh [`Folder`], passes their addresses on in
//! `AMQP_URL`, `DATABASE_URL` and `AMQP_ADMIN_URL`, runs COMMAND and removes everything afterwards.
//! A URL that is set already wins: that server is used and none is started.
//!
//! Which database and which broker: `testkit run --database mysql --broker 4`, [`DatabaseKind`] and
//! [`BrokerKind`]. COMMAND is told in `TESTKIT_DATABASE` and `TESTKIT_BROKER`, so that a test that
//! starts a server of its own starts the same kind. Servers of other versions than this machine's
//! come from other Debian suites in folders (`scripts/install-other-servers`) and run by chroot.
//!
//! # Ending, whatever happens
//!
//! Every process that belongs to a folder carries `TESTKIT_FOLDER=<folder>` in its environment, and
//! so do the processes that it starts. A watcher process holds the read end of a pipe; the write
//! end is in the program that created the folder. When that program ends, be it by `kill -9`, the
//! pipe closes, and the watcher ends every process that carries the folder's name (found in
//! `/proc`) and removes the folder. There is no other way of cleaning up, so each run tests it.
//!
//! # Three users
//!
//! * `testkit run` (for `make test` and `make demo`): [`Folder::create`], then [`Servers::start`].
//! * Programs that break servers on purpose: the same two calls, then [`RabbitMq`] and [`Database`]
//!   stop, kill, pause and start again at the same port with the same data.
//! * Tests: a [`TestApp`] is the whole pipeline of one test. Its pieces: a [`Sandbox`] is a schema and a vhost; a
//!   [`Program`] is one of our binaries as a child process; a [`Pipeline`] is all of them on one
//!   configuration; a [`FaultProxy`] is a line to a server that a test can cut; a [`FakeGateway`] answers as a
//!   test says; a [`Collector`] takes traces. [`until`] waits for what no program says. [`Certificates`] and [`RabbitMq::start_with`] are for
//!   tests of TLS and of other settings of a broker.
//!
//! # Clocks
//!
//! [`clock`] gives test data its dates. `testkit run --clock=+400d` runs tests on another day: a
//! [`ShiftedClock`] for its servers, and for the test programs that cargo starts, with all that they start.
//!
//! Private servers need Linux (`/proc`). Elsewhere set `AMQP_URL` and `DATABASE_URL`.

mod app;
mod certificates;
pub mod clock;
mod collector;
mod database;
mod fake_gateway;
mod folder;
mod given;
pub mod http;
mod installed;
mod kind;
mod management;
mod merchants;
mod output;
mod pipeline;
mod ports;
mod process;
mod program;
mod proxy;
mod rabbitmq;
pub mod reap;
mod sandbox;
mod server;
mod server_url;
mod servers;
mod shifted_clock;
mod suite;
mod wait;

pub use app::TestApp;
pub use certificates::{Certificates, KeyPairFiles};
pub use collector::{CollectedSpan, Collector, SpanKind};
pub use database::{Database, DatabaseOptions, DatabaseProgram};
pub use fake_gateway::{FakeGateway, Reply};
pub use folder::{FOLDER_VARIABLE, Folder};
pub use given::check_given_servers;
pub use kind::{BROKER_VARIABLE, BrokerKind, DATABASE_VARIABLE, DatabaseKind};
pub use merchants::Merchants;
pub use pipeline::Pipeline;
pub use ports::free as free_ports;
pub use process::ServerError;
pub use program::{Program, ReadyLine, run_program};
pub use proxy::FaultProxy;
pub use rabbitmq::{RabbitMq, RabbitMqControl, RabbitMqOptions, RabbitMqProgram, ServerTls};
pub use sandbox::Sandbox;
pub use server::{Server, ServerProgram};
pub use servers::{Servers, Wanted};
pub use shifted_clock::{ShiftedClock, ShiftedClockError};
pub use wait::{WAIT_LIMIT, poll, until, until_async, until_ok};

//! Tests of the simulator, library and program. `notify_server` is the merchant's side.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows them in test functions; here they are in what these share"
)]

mod alipay_server;
mod cashier;
mod certificate_mode;
mod certificates;
mod command_line;
mod gateway_queries;
mod hostile;
mod https;
mod merchants;
mod notify_server;
mod phishing;
mod refund_requests;
mod refunds;
mod repeats;
mod serve_command;
mod shapes;
mod signatures;
mod storms;
mod time_limits;

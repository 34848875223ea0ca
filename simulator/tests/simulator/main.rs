//! Tests of the simulator, library and program. `notify_server` is the merchant's side.

mod command_line;
mod merchants;
mod notify_server;
mod refunds;
mod repeats;
mod shapes;
mod signatures;
mod storms;

//! The client against gateways that answer well, badly and not at all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod certificates;
mod failures;
mod merchant;
mod other_calls;
mod tls;

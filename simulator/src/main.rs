//! `simulator`: plays Alipay from the command line. See the library for what it is made of.

mod cli;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run().await
}

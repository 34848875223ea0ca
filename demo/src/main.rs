//! `make demo`: plays the main job on a real RabbitMQ and a real MariaDB and checks the result.
//!
//! Started under `testkit run`, which provides the two servers. One ingress and two workers are
//! started as programs, orders are made with `ops`, and the simulator plays Alipay. Every scene
//! prints what happens as it happens; at the end everything is compared with what should be.

mod by_hand;
mod config;
mod folder;
mod scenes;
mod summary;
mod system;

use std::process::ExitCode;

use clap::Parser;

/// Plays payments, refunds and faults on real services. Run it with `make demo`.
///
/// Example: testkit run -- demo
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Leave everything running afterwards, and print what to do with it.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match play(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("demo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn play(arguments: Arguments) -> anyhow::Result<bool> {
    let mut system = system::DemoSystem::start(arguments.keep).await?;
    let mut programme = scenes::SceneRunner::new(&mut system)?;
    programme.play().await?;
    let scenes::SceneResults { latencies, failures, trades } = programme.end();
    let good = summary::print(&system.shop, &latencies, &failures)?;
    if arguments.keep {
        system.keep(trades)?;
    } else {
        system.strike();
    }
    Ok(good)
}

/// A line of the demo's own output.
#[expect(clippy::print_stdout, reason = "the demo's result is what it prints")]
fn say(line: &str) {
    println!("{line}");
}

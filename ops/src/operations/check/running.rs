//! The configuration of running programs, and what would change.

use std::net::SocketAddr;
use std::time::Duration;

use config::summary::{ConfigDifference, ConfigSummary};
use hyper::StatusCode;
use serde::Serialize;

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::admin_endpoint;

/// How long one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// A program that was asked, or why it was not.
#[derive(Debug, Serialize)]
pub(crate) struct RunningProgram {
    /// `ingress` or `worker`, as it says itself or by the configuration.
    pub(crate) program: Option<String>,
    pub(crate) address: Option<String>,
    /// Why it is not known what it runs with.
    pub(crate) unknown: Option<String>,
    /// What SIGHUP would change, and what needs a restart.
    pub(crate) difference: Option<ConfigDifference>,
    /// It was named on the command line.
    #[serde(skip)]
    wanted: bool,
}

impl RunningProgram {
    /// Whether it was asked for by name and did not answer.
    pub(crate) fn is_failure(&self) -> bool {
        self.wanted && self.unknown.is_some()
    }
}

/// The program at the admin endpoint of the configuration.
pub(crate) fn configured(
    access: &Access,
    program: &str,
    address: Option<SocketAddr>,
) -> RunningProgram {
    let unknown = |why: String| RunningProgram {
        program: Some(program.to_owned()),
        address: address.map(|address| address.to_string()),
        unknown: Some(why),
        difference: None,
        wanted: false,
    };
    let Some(address) = address else {
        return unknown(format!("{program}.admin_listen is off: name it with --running"));
    };
    if address.port() == 0 {
        return unknown("its port is chosen by the system: name it with --running".to_owned());
    }
    let here = admin_endpoint::here(address);
    match ask(access, &here.to_string()) {
        Ok(summary) => compared(access, here.to_string(), &summary, false),
        Err(why) => unknown(why),
    }
}

/// The program at an address of the command line.
pub(crate) fn named(access: &Access, address: &str) -> RunningProgram {
    match ask(access, address) {
        Ok(summary) => compared(access, address.to_owned(), &summary, true),
        Err(why) => RunningProgram {
            program: None,
            address: Some(address.to_owned()),
            unknown: Some(why),
            difference: None,
            wanted: true,
        },
    }
}

fn compared(
    access: &Access,
    address: String,
    runs: &ConfigSummary,
    wanted: bool,
) -> RunningProgram {
    let mut difference = runs.difference(&next(&runs.program, access));
    // Of the other program's section a program uses nothing.
    let foreign = if runs.program == "ingress" { "worker" } else { "ingress" };
    difference.restart.retain(|section| {
        section != foreign && !(runs.program == "ingress" && section == "database")
    });
    RunningProgram {
        program: Some(runs.program.clone()),
        address: Some(address),
        unknown: None,
        difference: Some(difference),
        wanted,
    }
}

fn ask(access: &Access, address: &str) -> Result<ConfigSummary, String> {
    let asked = access.block_on(async {
        let call = tokio::time::timeout(ANSWER_TIMEOUT, get(address)).await;
        let late = || format!("no answer within {} s", ANSWER_TIMEOUT.as_secs());
        call.map_err(|_| late()).and_then(|answer| answer).map_err(Failure::CouldNotAsk)
    });
    asked.map_err(|failure| failure.to_string())
}

async fn get(address: &str) -> Result<ConfigSummary, String> {
    let (status, body) = admin_endpoint::get(address, "/config").await?;
    match status {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Err("its version does not report this".to_owned()),
        status => return Err(format!("it answers {status}")),
    }
    serde_json::from_slice(&body)
        .map_err(|_| "its answer cannot be read: is it one of ours?".to_owned())
}

/// What a program would run with.
fn next(program: &str, access: &Access) -> ConfigSummary {
    ConfigSummary::of(program, &access.config)
}

//! Processor time by part of the machine, from `/proc`.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use anyhow::Context;
use nix::unistd::{SysconfVar, sysconf};
use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

/// Whose processor time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum MeasuredPart {
    /// This program: it sends, publishes and consumes.
    Bench,
    /// The bare HTTP server, another process of this program.
    Http,
    Ingress,
    Broker,
    Worker,
    Database,
    /// nginx and php-fpm.
    Php,
    Node,
}

impl MeasuredPart {
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Which part a process of this run is, by the name of its program.
    fn of(program: &str, is_this: bool) -> Option<MeasuredPart> {
        Some(match program {
            "bench" if is_this => MeasuredPart::Bench,
            "bench" => MeasuredPart::Http,
            "ingress" => MeasuredPart::Ingress,
            "worker" => MeasuredPart::Worker,
            "beam.smp" => MeasuredPart::Broker,
            "mariadbd" | "mysqld" => MeasuredPart::Database,
            "nginx" => MeasuredPart::Php,
            "node" => MeasuredPart::Node,
            name if name.starts_with("php-fpm") => MeasuredPart::Php,
            _ => return None,
        })
    }
}

/// What the processes of each part have used so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    /// Seconds of a core, in user space and in the kernel.
    pub(crate) core_seconds: BTreeMap<MeasuredPart, f64>,
    /// Resident memory of the largest process, in bytes.
    pub(crate) memory: BTreeMap<MeasuredPart, u64>,
}

impl Usage {
    /// Reads `/proc` for the servers that `testkit run` started, this program, and what it started.
    ///
    /// # Errors
    /// This program was not started by `testkit run`.
    pub(crate) fn now() -> anyhow::Result<Usage> {
        let folder = std::env::var(testkit::FOLDER_VARIABLE)
            .context("start this program by `testkit run`, whose servers it measures")?;
        let mark = format!("{}={folder}", testkit::FOLDER_VARIABLE).into_bytes();
        let tick = sysconf(SysconfVar::CLK_TCK)?.unwrap_or(100) as f64;
        let page = u64::try_from(sysconf(SysconfVar::PAGE_SIZE)?.unwrap_or(4096))?;
        let processes = processes()?;
        let mut usage = Usage::default();
        for (id, process) in &processes {
            let Some(part) = MeasuredPart::of(&process.program, *id == std::process::id()) else {
                continue;
            };
            // nginx and php-fpm write their titles over their environment.
            let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            let is_marked = environment.split(|byte| *byte == 0).any(|variable| variable == mark);
            if is_marked || is_ours(*id, &processes) {
                *usage.core_seconds.entry(part).or_default() += process.ticks as f64 / tick;
                let largest = usage.memory.entry(part).or_default();
                *largest = (*largest).max(process.pages * page);
            }
        }
        Ok(usage)
    }

    /// Core-seconds since `before`, of parts that used any.
    pub(crate) fn since(&self, before: &Usage) -> BTreeMap<MeasuredPart, f64> {
        let earlier = |part| before.core_seconds.get(part).copied().unwrap_or(0.0);
        self.core_seconds
            .iter()
            .map(|(part, now)| (*part, now - earlier(part)))
            .filter(|(_, seconds)| *seconds > 0.0)
            .collect()
    }
}

/// What `/proc/PID/stat` says.
struct Process {
    program: String,
    parent: u32,
    ticks: u64,
    pages: u64,
}

fn processes() -> anyhow::Result<HashMap<u32, Process>> {
    let ids = fs::read_dir("/proc")?.flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    // A process may end meanwhile.
    Ok(ids.filter_map(|id| Some((id, process(id)?))).collect())
}

/// proc(5): behind the program's name in brackets, the parent is field 2, `utime` and `stime` are 12 and 13, `rss` is 22.
fn process(id: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (head, rest) = stat.rsplit_once(") ")?;
    let (_, program) = head.split_once('(')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at - 1)?.parse::<u64>().ok();
    Some(Process {
        program: program.to_owned(),
        parent: u32::try_from(number(2)?).ok()?,
        ticks: number(12)? + number(13)?,
        pages: number(22)?,
    })
}

/// Whether this program is the process or one of its ancestors.
fn is_ours(id: u32, processes: &HashMap<u32, Process>) -> bool {
    let parents =
        std::iter::successors(Some(id), |id| processes.get(id).map(|process| process.parent));
    // The first process has no parent: 0.
    parents.take_while(|id| *id != 0).any(|id| id == std::process::id())
}

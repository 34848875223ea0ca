//! The whole pipeline as programs: what the demo plays on and what end-to-end tests take apart.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::{Program, run_program};

/// How long a program may take until it is ready.
const READY: Duration = Duration::from_secs(30);

/// A configuration file, and the programs that are run with it.
#[derive(Clone)]
pub struct Pipeline {
    config: PathBuf,
    environment: Vec<(String, String)>,
    /// Standard error goes to files beside the configuration, for programs that may outlive us.
    log_to_files: bool,
}

impl Pipeline {
    /// Writes `config` as `alipay.toml` into `folder`. `environment` is what programs get beside
    /// our own: the addresses of a [`Sandbox`](crate::Sandbox), or nothing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn new(
        folder: &Path,
        config: &str,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Pipeline> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("alipay.toml");
        std::fs::write(&path, config)?;
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = environment.iter().map(own).collect();
        Ok(Pipeline { config: path, environment, log_to_files: false })
    }

    /// The same, whose programs log to `NAME.log` beside the configuration and so can be
    /// [left](Program::leave) running.
    #[must_use]
    pub fn logging_to_files(self) -> Pipeline {
        Pipeline { log_to_files: true, ..self }
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Starts `ingress` or `worker` and waits until it is ready. Returns it with the line that it
    /// printed then.
    #[must_use]
    pub fn start(&self, name: &str) -> (Program, String) {
        let config = self.config.display().to_string();
        let arguments = ["--config", config.as_str()];
        let mut program = if self.log_to_files {
            let log = self.config.with_file_name(format!("{name}.log"));
            Program::start_with_log(name, &arguments, &self.environment(), &log)
        } else {
            Program::start(name, &arguments, &self.environment())
        };
        let line = program.wait_for_line(&format!("{name} ready"), READY);
        (program, line)
    }

    /// Starts an ingress; returns it with its `HOST:PORT`.
    ///
    /// # Errors
    /// It does not say where it listens.
    pub fn start_ingress(&self) -> anyhow::Result<(Program, String)> {
        let (program, line) = self.start("ingress");
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("listen="));
        let address = address.context("the ingress did not say where it listens")?.to_owned();
        Ok((program, address))
    }

    /// Runs a verb of `ops` and returns what it printed.
    ///
    /// # Errors
    /// It did not exit with 0; the text is its stderr.
    pub fn ops(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.ops_ending(arguments, &[0])
    }

    fn ops_ending(&self, arguments: &[&str], codes: &[i32]) -> anyhow::Result<String> {
        let config = self.config.display().to_string();
        let arguments = [&["--config", &config][..], arguments].concat();
        let output = run_program("ops", &arguments, &self.environment());
        ensure!(
            output.status.code().is_some_and(|code| codes.contains(&code)),
            "ops {}: {}",
            arguments[2..].join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What `ops status` tells, whether all is well or not.
    ///
    /// # Errors
    /// The database or the broker could not be asked.
    pub fn status(&self) -> anyhow::Result<Value> {
        let output = self.ops_ending(&["status", "--output", "json"], &[0, 1])?;
        serde_json::from_str(&output).context("ops status")
    }

    /// Runs a verb of `ops` and reads its JSON.
    ///
    /// # Errors
    /// As [`Pipeline::ops`], or what it printed is no JSON.
    pub fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let output = self.ops(&[arguments, &["--output", "json"][..]].concat())?;
        serde_json::from_str(&output).with_context(|| format!("ops {}", arguments.join(" ")))
    }

    /// Schema, queues, and a product `CODE` at 10.00 with these codes in stock.
    ///
    /// # Errors
    /// A verb of `ops` failed.
    pub fn prepare(&self, codes: &[String]) -> anyhow::Result<()> {
        self.ops(&["migrate"])?;
        self.ops(&["topology", "apply"])?;
        self.add_product("CODE", "游戏点卡", &["--kind", "stock"])?;
        self.import("CODE", codes)
    }

    /// Adds a product at 10.00.
    ///
    /// # Errors
    /// As [`Pipeline::ops`].
    pub fn add_product(&self, id: &str, name: &str, kind: &[&str]) -> anyhow::Result<()> {
        let product = ["product", "add", id, "--name", name, "--price", "10.00"];
        self.ops(&[&product[..], kind].concat()).map(drop)
    }

    /// Puts codes of a product into stock.
    ///
    /// # Errors
    /// As [`Pipeline::ops`].
    pub fn import(&self, product: &str, codes: &[String]) -> anyhow::Result<()> {
        let file = self.config.with_file_name("codes.txt");
        std::fs::write(&file, codes.join("\n"))?;
        self.ops(&["stock", "import", product, "--file", &file.display().to_string()]).map(drop)
    }

    /// Places an order of one unit for the account `buyer-7`.
    ///
    /// # Errors
    /// As [`Pipeline::ops`].
    pub fn order(&self, id: &str, merchant: &str, product: &str) -> anyhow::Result<()> {
        let order = ["order", "create", id, "--merchant", merchant, "--product", product];
        self.ops(&[&order[..], &["--quantity", "1", "--account", "buyer-7"]].concat()).map(drop)
    }

    /// The order as `ops order show` tells it.
    ///
    /// # Errors
    /// As [`Pipeline::json`].
    pub fn show(&self, id: &str) -> anyhow::Result<Value> {
        self.json(&["order", "show", id])
    }

    /// Looks at the order until it is as it should be, at most for `limit`. Returns how it was at
    /// the last look: `Err` when it never was as it should be.
    ///
    /// # Errors
    /// As [`Pipeline::json`].
    pub fn wait_for_order(
        &self,
        id: &str,
        limit: Duration,
        holds: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Result<Value, Value>> {
        let since = Instant::now();
        loop {
            let order = self.show(id)?;
            if holds(&order) {
                return Ok(Ok(order));
            }
            if since.elapsed() > limit {
                return Ok(Err(order));
            }
            // Another program's progress can only be looked at.
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

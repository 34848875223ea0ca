//! The whole pipeline as programs: what the demo plays on and what end-to-end tests take apart.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::program::{Program, ReadyLine, run_program};
use crate::wait::{poll, until_ok};

/// Where Alipay's trades are, beside the configuration: the simulator's own default.
const TRADES: &str = "simulator-trades.json";
/// Alipay's private key, for all verbs of the simulator.
const ALIPAY_KEY_VARIABLE: &str = "SIMULATOR_PRIVATE_KEY";

/// A configuration file, and the programs that are run with it.
#[derive(Debug, Clone)]
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
        let pipeline = Pipeline { config: path, environment: Vec::new(), log_to_files: false };
        Ok(pipeline.with(environment))
    }

    /// The same, whose programs log to `NAME.log` beside the configuration and so can be
    /// [left](Program::leave) running.
    #[must_use]
    pub fn logging_to_files(self) -> Pipeline {
        Pipeline { log_to_files: true, ..self }
    }

    /// The same with more variables, or other values.
    #[must_use]
    pub fn with(&self, variables: &[(&str, &str)]) -> Pipeline {
        let mut pipeline = self.clone();
        for (name, value) in variables {
            pipeline.set(name, value);
        }
        pipeline
    }

    /// One more variable, or another value, for programs that are started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// The variables of all programs.
    #[must_use]
    pub fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// A file beside the configuration.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.config.with_file_name(name)
    }

    /// Where the simulator keeps Alipay's trades.
    #[must_use]
    pub fn trades_file(&self) -> PathBuf {
        self.file(TRADES)
    }

    /// Starts a program with this configuration, and does not wait until it is ready.
    #[must_use]
    pub fn program(&self, name: &str, arguments: &[&str]) -> Program {
        let config = self.config.display().to_string();
        let arguments = [arguments, &["--config", &config]].concat();
        if self.log_to_files {
            let log = self.file(&format!("{name}.log"));
            Program::start_with_log(name, &arguments, &self.environment(), &log)
        } else {
            Program::start(name, &arguments, &self.environment())
        }
    }

    /// Runs a program with this configuration to its end.
    #[must_use]
    pub fn run(&self, name: &str, arguments: &[&str]) -> Output {
        let config = self.config.display().to_string();
        run_program(name, &[arguments, &["--config", &config]].concat(), &self.environment())
    }

    /// Starts a program and waits until it is ready. Returns it with the line that it printed then.
    #[must_use]
    pub fn start(&self, name: &str, arguments: &[&str]) -> (Program, ReadyLine) {
        let mut program = self.program(name, arguments);
        let line = program.wait_until_ready();
        (program, line)
    }

    /// Starts a worker and waits until it is ready.
    #[must_use]
    pub fn start_worker(&self) -> Program {
        self.start("worker", &[]).0
    }

    /// Starts an ingress; returns it with its `HOST:PORT`.
    #[must_use]
    pub fn start_ingress(&self) -> (Program, String) {
        let (program, line) = self.start("ingress", &[]);
        (program, line.value("listen").to_owned())
    }

    /// Starts `simulator serve`, which is Alipay, with these arguments; returns it with its
    /// `http://HOST:PORT`. It sends notifications to the ingress at `HOST:PORT`, or nowhere.
    #[must_use]
    pub fn start_alipay(&self, ingress: Option<&str>, arguments: &[&str]) -> (Program, String) {
        let ingress = ingress.map(|address| format!("http://{address}"));
        let ingress = ingress.as_ref().map(|url| ["--ingress", url.as_str()]);
        let ingress = ingress.as_ref().map_or(&[][..], |option| &option[..]);
        let arguments = [&["serve"], ingress, arguments].concat();
        let (program, line) = self.start("simulator", &arguments);
        (program, line.value("url").to_owned())
    }

    /// Makes the keys of [`Merchants`](crate::Merchants), in folders beside the configuration.
    ///
    /// # Errors
    /// They are there already.
    pub fn generate_keys(&mut self) -> anyhow::Result<()> {
        for owner in ["alipay", "app"] {
            let folder = self.file(owner).display().to_string();
            let keygen = run_program("simulator", &["keygen", "--dir", &folder], &[]);
            succeeded("simulator keygen", &keygen)?;
        }
        let key = self.file("alipay/alipay_private.pem").display().to_string();
        self.set(ALIPAY_KEY_VARIABLE, &key);
        Ok(())
    }

    /// Something happens at Alipay to an order: a verb of the simulator. `--drop` among the arguments keeps
    /// the merchant from hearing of it. Returns what was printed.
    ///
    /// # Errors
    /// It cannot happen, or its notification was not answered `success`.
    pub fn at_alipay(
        &self,
        verb: &str,
        merchant: &str,
        order: &str,
        arguments: &[&str],
    ) -> anyhow::Result<String> {
        let step = [&[verb, "--merchant", merchant, "--order", order], arguments].concat();
        succeeded(&step.join(" "), &self.run("simulator", &step))
    }

    /// The latest trade of an order at Alipay, as the simulator keeps it.
    ///
    /// # Errors
    /// Alipay knows no such trade.
    pub fn trade_at_alipay(&self, merchant: &str, order: &str) -> anyhow::Result<Value> {
        let trades: Value = serde_json::from_slice(&std::fs::read(self.trades_file())?)?;
        let trades = trades["merchants"][merchant][order].as_array();
        let latest = trades.and_then(|trades| trades.last());
        Ok(latest.with_context(|| format!("no trade of {order} at Alipay"))?["trade"].clone())
    }

    /// The refunds that Alipay has made of an order, in fen.
    ///
    /// # Errors
    /// As [`trade_at_alipay`](Pipeline::trade_at_alipay).
    pub fn refunds_at_alipay(&self, merchant: &str, order: &str) -> anyhow::Result<Vec<i64>> {
        let trade = self.trade_at_alipay(merchant, order)?;
        let refunds = trade["refunds"].as_array().context("no refunds")?;
        Ok(refunds.iter().filter_map(|refund| refund["amount"].as_i64()).collect())
    }

    /// Runs a verb of `ops` and returns what it printed.
    ///
    /// # Errors
    /// It did not exit with 0; the text is its stderr.
    pub fn ops(&self, arguments: &[&str]) -> anyhow::Result<String> {
        succeeded(&format!("ops {}", arguments.join(" ")), &self.run("ops", arguments))
    }

    /// What `ops status` tells, whether all is well or not.
    ///
    /// # Errors
    /// The database or the broker could not be asked.
    pub fn status(&self) -> anyhow::Result<Value> {
        let output = self.run("ops", &["status", "--output", "json"]);
        match output.status.code() {
            Some(1) => serde_json::from_slice(&output.stdout).context("ops status"),
            _ => serde_json::from_str(&succeeded("ops status", &output)?).context("ops status"),
        }
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
        let file = self.file("codes.txt");
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

    /// Waits until the order is as it should be, at most for `limit`. Returns how it was at
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
        poll(limit, || match self.show(id) {
            Ok(order) if !holds(&order) => Err(Ok(order)),
            outcome => outcome.map_err(Err),
        })
        .map_or_else(|last| last.map(Err), |order| Ok(Ok(order)))
    }

    /// Waits until the order is as it should be.
    ///
    /// # Panics
    /// It did not become so, or cannot be shown.
    #[track_caller]
    pub fn until_order(&self, id: &str, holds: impl Fn(&Value) -> bool) -> Value {
        until_ok(&format!("order {id}, as it should be"), || match self.show(id) {
            Ok(order) if holds(&order) => Ok(order),
            Ok(order) => Err(format!("{order:#}")),
            Err(error) => Err(format!("{error:#}")),
        })
    }
}

/// What a program printed, where it ended well; otherwise what it printed to stderr.
fn succeeded(what: &str, output: &Output) -> anyhow::Result<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what}: {}", errors.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

//! A whole pipeline of one test's own.
#![expect(clippy::panic, reason = "a test without its pipeline cannot go on; the message says why")]

use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use tempfile::TempDir;

use crate::{FaultProxy, Pipeline, Program, Sandbox};

/// Nobody listens there: a test that names no gateway reaches no real one.
const NOBODY: &str = "127.0.0.1:9";

/// Servers, configuration and programs of one test, and stand-ins for what is outside. What the test starts
/// itself, it starts by [`pipeline`](TestApp::pipeline). Dropped, everything ends.
///
/// ```no_run
/// use testkit::{Merchants, TestApp};
///
/// let merchants = Merchants { md5_key: "only0for0tests", gateway: None };
/// let app = TestApp::builder(&merchants.to_string())
///     .with_codes(9)
///     .with_ingress()
///     .with_gateway()
///     .with_workers(2)
///     .start();
/// app.pipeline.order("A1", "app", "CODE").unwrap();
/// app.at_alipay("pay", "app", "A1", &["--total", "10.00"]);
/// app.pipeline.until_order("A1", |order| order["status"] == 8);
/// ```
#[derive(Debug)]
pub struct TestApp {
    /// The configuration, for every program that the test runs.
    pub pipeline: Pipeline,
    /// The workers that were started with it.
    pub workers: Vec<Program>,
    /// `simulator serve`.
    pub alipay: Option<Alipay>,
    /// The ingress.
    pub ingress: Option<Program>,
    /// Between the workers and the database, and between the workers and the broker.
    pub lines: Option<[FaultProxy; 2]>,
    ingress_address: String,
    merchants: Vec<String>,
    // Last: what uses them ends first.
    /// The servers.
    pub sandbox: Sandbox,
    folder: TempDir,
}

/// A `simulator serve` of a test.
#[derive(Debug)]
pub struct Alipay {
    /// The program.
    pub program: Program,
    /// `http://HOST:PORT`, its pages.
    pub url: String,
}

/// What a [`TestApp`] is made of.
#[derive(Debug)]
#[must_use]
pub struct TestAppBuilder {
    config: String,
    sandbox: Option<Sandbox>,
    variables: Vec<(String, String)>,
    for_ingress: Vec<(String, String)>,
    codes: Option<usize>,
    ingress: bool,
    gateway: bool,
    workers: usize,
    lines: bool,
}

impl TestApp {
    /// An app with this configuration, beside the addresses of its servers.
    pub fn builder(config: &str) -> TestAppBuilder {
        TestAppBuilder {
            config: config.to_owned(),
            sandbox: None,
            variables: Vec::new(),
            for_ingress: Vec::new(),
            codes: None,
            ingress: false,
            gateway: false,
            workers: 0,
            lines: false,
        }
    }

    /// The folder of the configuration.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `HOST:PORT` of the ingress; an address where nobody listens without one.
    #[must_use]
    pub fn ingress_address(&self) -> &str {
        &self.ingress_address
    }

    /// Where notifications for a merchant go.
    #[must_use]
    pub fn notify_url(&self, merchant: &str) -> String {
        format!("http://{}/alipay/{merchant}/notify", self.ingress_address)
    }

    /// Starts an ingress with more variables; notifications go there from now on.
    pub fn start_ingress(&mut self, variables: &[(&str, &str)]) {
        let (program, address) = self.pipeline.with(variables).start_ingress();
        (self.ingress, self.ingress_address) = (Some(program), address);
    }

    /// Starts Alipay with these arguments of `simulator serve`, in place of the one before and with its trades.
    /// Programs that are started from now on ask it.
    pub fn start_alipay(&mut self, arguments: &[&str]) {
        self.alipay = None;
        let (program, url) = self.pipeline.start_alipay(&self.ingress_address, arguments);
        self.alipay = Some(Alipay { program, url });
        self.set_gateway(&self.gateway());
    }

    /// `http://HOST:PORT` of Alipay.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn alipay_url(&self) -> &str {
        self.alipay.as_ref().map_or_else(|| panic!("no Alipay"), |alipay| &alipay.url)
    }

    /// Its gateway.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn gateway(&self) -> String {
        format!("{}/gateway.do", self.alipay_url())
    }

    /// Programs that are started from now on ask this gateway, for every merchant.
    pub fn set_gateway(&mut self, url: &str) {
        for merchant in &self.merchants {
            let name = format!("ALIPAY__MERCHANTS__{}__GATEWAY", merchant.to_uppercase());
            self.pipeline.set(&name, url);
        }
    }

    /// Starts a worker, behind the [`lines`](TestApp::lines) where there are some, and waits until it is ready.
    #[must_use]
    pub fn start_worker(&self) -> Program {
        self.behind_lines().start_worker()
    }

    /// The configuration of what reaches its servers through the lines.
    #[must_use]
    pub fn behind_lines(&self) -> Pipeline {
        let Some([database, broker]) = &self.lines else { return self.pipeline.clone() };
        let urls = (database.url(&self.sandbox.database_url), broker.url(&self.sandbox.amqp_url));
        self.pipeline.with(&[("DATABASE_URL", &urls.0), ("AMQP_URL", &urls.1)])
    }

    /// As [`Pipeline::at_alipay`]; the ingress hears of it.
    ///
    /// # Panics
    /// It cannot happen, or its notification was not answered `success`.
    #[track_caller]
    pub fn at_alipay(&self, verb: &str, merchant: &str, order: &str, arguments: &[&str]) {
        let to = self.notify_url(merchant);
        let arguments = [arguments, &["--to", &to]].concat();
        if let Err(error) = self.pipeline.at_alipay(verb, merchant, order, &arguments) {
            panic!("{error:#}");
        }
    }

    /// As [`Pipeline::trade_at_alipay`].
    ///
    /// # Panics
    /// Alipay knows no such trade.
    #[track_caller]
    #[must_use]
    pub fn trade_at_alipay(&self, merchant: &str, order: &str) -> Value {
        self.pipeline.trade_at_alipay(merchant, order).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// As [`Pipeline::refunds_at_alipay`].
    ///
    /// # Panics
    /// Alipay knows no such trade.
    #[track_caller]
    #[must_use]
    pub fn refunds_at_alipay(&self, merchant: &str, order: &str) -> Vec<i64> {
        self.pipeline.refunds_at_alipay(merchant, order).unwrap_or_else(|error| panic!("{error:#}"))
    }
}

impl TestAppBuilder {
    /// On these servers, in place of a sandbox with both.
    pub fn on(self, sandbox: Sandbox) -> TestAppBuilder {
        TestAppBuilder { sandbox: Some(sandbox), ..self }
    }

    /// Every program has these variables, before the configuration's file.
    pub fn with_variables(mut self, variables: &[(&str, &str)]) -> TestAppBuilder {
        self.variables.extend(owned(variables));
        self
    }

    /// Schema, queues, and a product `CODE` with so many codes: `C00001` and so on.
    pub fn with_codes(self, codes: usize) -> TestAppBuilder {
        TestAppBuilder { codes: Some(codes), ..self }
    }

    /// An ingress on a free port.
    pub fn with_ingress(self) -> TestAppBuilder {
        self.with_ingress_variables(&[])
    }

    /// The same with variables of its own.
    pub fn with_ingress_variables(mut self, variables: &[(&str, &str)]) -> TestAppBuilder {
        self.for_ingress.extend(owned(variables));
        TestAppBuilder { ingress: true, ..self }
    }

    /// Alipay's gateway and cashier: `simulator serve`, which all merchants ask.
    pub fn with_gateway(self) -> TestAppBuilder {
        TestAppBuilder { gateway: true, ..self }
    }

    /// So many workers.
    pub fn with_workers(self, workers: usize) -> TestAppBuilder {
        TestAppBuilder { workers, ..self }
    }

    /// Lines between workers and servers, which can be broken.
    pub fn with_fault_proxies(self) -> TestAppBuilder {
        TestAppBuilder { lines: true, ..self }
    }

    /// Starts all of it and waits until it is ready.
    ///
    /// # Panics
    /// Something does not start.
    #[must_use]
    pub fn start(self) -> TestApp {
        self.build().unwrap_or_else(|error| panic!("testkit: {error:#}"))
    }

    fn build(self) -> anyhow::Result<TestApp> {
        let sandbox = self.sandbox.unwrap_or_default();
        let folder = TempDir::new()?;
        let mut pipeline = Pipeline::new(folder.path(), &self.config, &sandbox.environment())?
            .with(&[("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0")])
            .with(&borrowed(&self.variables));
        // Keys that the configuration names.
        if self.config.contains("\"app/alipay_private.pem\"") {
            pipeline.generate_keys()?;
        }
        if let Some(codes) = self.codes {
            let codes: Vec<String> = (1..=codes).map(|number| format!("C{number:05}")).collect();
            pipeline.prepare(&codes)?;
        }
        let line = |url: &str| FaultProxy::in_front_of(url).context("a line");
        let lines = if self.lines {
            Some([line(&sandbox.database_url)?, line(&sandbox.amqp_url)?])
        } else {
            None
        };
        let sections = self.config.lines().filter_map(|line| line.strip_prefix("[merchants."));
        let merchants = sections.filter_map(|rest| Some(rest.split_once(']')?.0.to_owned()));
        let mut app = TestApp {
            pipeline,
            workers: Vec::new(),
            alipay: None,
            ingress: None,
            lines,
            ingress_address: NOBODY.to_owned(),
            merchants: merchants.collect(),
            sandbox,
            folder,
        };
        app.set_gateway(&format!("http://{NOBODY}/gateway.do"));
        if self.ingress {
            app.start_ingress(&borrowed(&self.for_ingress));
        }
        if self.gateway {
            app.start_alipay(&[]);
        }
        app.workers = (0..self.workers).map(|_| app.start_worker()).collect();
        Ok(app)
    }
}

fn owned(variables: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}

fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

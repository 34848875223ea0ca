//! A whole pipeline of one test's own.
#![expect(clippy::panic, reason = "a test without its pipeline cannot go on; the message says why")]

use tempfile::TempDir;

use crate::{FaultProxy, Pipeline, Program, Sandbox};

/// Nobody listens there: a test that names no gateway reaches no real one.
const NOBODY: &str = "127.0.0.1:9";

/// Servers, configuration and programs of one test, and stand-ins for what is outside. Each step of the
/// builder starts something, or panics where that does not start; what a test starts later, it starts by
/// [`pipeline`](TestApp::pipeline). Dropped, everything ends.
///
/// ```no_run
/// use testkit::{Merchants, TestApp};
///
/// let merchants = Merchants { md5_key: "only0for0tests", gateway: None };
/// let app = TestApp::builder(&merchants.to_string())
///     .with_codes(9)
///     .with_ingress(&[])
///     .with_gateway()
///     .with_workers(2);
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
    /// `simulator serve`, and its `http://HOST:PORT`.
    pub alipay: Option<(Program, String)>,
    /// The ingress.
    pub ingress: Option<Program>,
    /// Between workers and database, and between workers and broker.
    pub lines: Option<[FaultProxy; 2]>,
    ingress_address: String,
    merchants: Vec<String>,
    // Last: what uses them ends first.
    /// The servers.
    pub sandbox: Sandbox,
    _folder: TempDir,
}

impl TestApp {
    /// With this configuration, on servers of its own.
    #[must_use]
    pub fn builder(config: &str) -> TestApp {
        TestApp::on(Sandbox::new(), config)
    }

    /// The same on these servers. Makes the keys of [`Merchants`](crate::Merchants) where the configuration names
    /// them.
    #[must_use]
    pub fn on(sandbox: Sandbox, config: &str) -> TestApp {
        let folder = must(TempDir::new());
        let pipeline = must(Pipeline::new(folder.path(), config, &sandbox.environment()));
        let mut pipeline = pipeline.with(&[("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0")]);
        if config.contains("app/alipay_private.pem") {
            must(pipeline.generate_keys());
        }
        let sections = config.lines().filter_map(|line| line.strip_prefix("[merchants."));
        let merchants = sections.filter_map(|rest| Some(rest.split_once(']')?.0.to_owned()));
        let mut app = TestApp {
            pipeline,
            workers: Vec::new(),
            alipay: None,
            ingress: None,
            lines: None,
            ingress_address: NOBODY.to_owned(),
            merchants: merchants.collect(),
            sandbox,
            _folder: folder,
        };
        app.set_gateway(&format!("http://{NOBODY}/gateway.do"));
        app
    }

    /// Every program has these variables, before the configuration's file.
    #[must_use]
    pub fn with_variables(mut self, variables: &[(&str, &str)]) -> TestApp {
        self.pipeline = self.pipeline.with(variables);
        self
    }

    /// Schema, queues, and a product `CODE` with so many codes: `C00001` and so on.
    #[must_use]
    pub fn with_codes(self, codes: usize) -> TestApp {
        let codes: Vec<String> = (1..=codes).map(|number| format!("C{number:05}")).collect();
        must(self.pipeline.prepare(&codes));
        self
    }

    /// An ingress on a free port, with variables of its own.
    #[must_use]
    pub fn with_ingress(mut self, variables: &[(&str, &str)]) -> TestApp {
        self.start_ingress(variables);
        self
    }

    /// Alipay's gateway and cashier, which all merchants ask.
    #[must_use]
    pub fn with_gateway(mut self) -> TestApp {
        self.start_alipay(&[]);
        self
    }

    /// Lines between workers and servers, which can be broken.
    #[must_use]
    pub fn with_fault_proxies(mut self) -> TestApp {
        let urls = [&self.sandbox.database_url, &self.sandbox.amqp_url];
        self.lines = Some(urls.map(|url| must(FaultProxy::in_front_of(url))));
        self
    }

    /// So many workers.
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> TestApp {
        self.workers = (0..workers).map(|_| self.start_worker()).collect();
        self
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

    /// Starts an ingress with variables of its own; notifications go there from now on.
    pub fn start_ingress(&mut self, variables: &[(&str, &str)]) {
        let (program, address) = self.pipeline.with(variables).start_ingress();
        (self.ingress, self.ingress_address) = (Some(program), address);
    }

    /// Starts Alipay with these arguments of `simulator serve`, in place of the one before and with its trades.
    /// Programs that are started from now on ask it.
    pub fn start_alipay(&mut self, arguments: &[&str]) {
        self.alipay = None;
        self.alipay = Some(self.pipeline.start_alipay(Some(&self.ingress_address), arguments));
        self.set_gateway(&self.gateway());
    }

    /// Programs that are started from now on ask this gateway, for every merchant.
    pub fn set_gateway(&mut self, url: &str) {
        for merchant in &self.merchants {
            let name = format!("ALIPAY__MERCHANTS__{}__GATEWAY", merchant.to_uppercase());
            self.pipeline.set(&name, url);
        }
    }

    /// `http://HOST:PORT` of Alipay.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn alipay_url(&self) -> &str {
        self.alipay.as_ref().map_or_else(|| panic!("no Alipay"), |(_, url)| url)
    }

    /// Alipay's gateway.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn gateway(&self) -> String {
        format!("{}/gateway.do", self.alipay_url())
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

    /// As [`Pipeline::at_alipay`]; the ingress is notified.
    ///
    /// # Panics
    /// It cannot happen, or its notification was not answered `success`.
    #[track_caller]
    pub fn at_alipay(&self, verb: &str, merchant: &str, order: &str, arguments: &[&str]) {
        let to = self.notify_url(merchant);
        must(self.pipeline.at_alipay(verb, merchant, order, &[arguments, &["--to", &to]].concat()));
    }
}

#[track_caller]
fn must<T, E: Into<anyhow::Error>>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("testkit: {:#}", error.into()))
}

//! A shop with an account at both gateways, and the simulator as Alipay.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Program, Sandbox};

use crate::keys::Keys;
use crate::program::Answer;

const KEY: &str = "a-key-nobody-should-see";
/// Nothing listens here: every notification is lost.
const NOBODY: &str = "http://127.0.0.1:1";

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) alipay: Program,
    /// `http://ADDRESS` of the simulator.
    pub(crate) url: String,
    /// The environment of all programs.
    environment: Vec<(String, String)>,
    folder: TempDir,
    alipay_key: String,
    /// Where Alipay sends notifications.
    ingress: String,
}

impl World {
    /// With the merchants `shop` (legacy, MD5) and `app` (Open Platform, RSA2), and ten codes.
    pub(crate) fn new() -> World {
        let sandbox = Sandbox::new();
        let folder = TempDir::new().unwrap();
        let (own, alipays) =
            (Keys::generate(folder.path(), "own"), Keys::generate(folder.path(), "alipay"));
        let merchants = [
            ("SHOP__PROTOCOL", "mapi"),
            ("SHOP__SELLER_ID", "2088000000000001"),
            ("SHOP__SIGN_TYPES", "MD5"),
            ("SHOP__MD5_KEY", KEY),
            ("APP__PROTOCOL", "openapi"),
            ("APP__APP_ID", "2021000000000001"),
            ("APP__SELLER_ID", "2088000000000002"),
            ("APP__SIGN_TYPES", "RSA2"),
            ("APP__PRIVATE_KEY_FILE", &own.private),
            ("APP__ALIPAY_PUBLIC_KEYS_FILE", &alipays.public),
        ];
        let mut environment: Vec<(String, String)> = merchants
            .iter()
            .map(|(name, value)| (format!("ALIPAY__MERCHANTS__{name}"), (*value).to_owned()))
            .collect();
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        environment.extend(sandbox.environment().into_iter().map(pair));
        environment.push(pair(("ALIPAY__WORKER__ADMIN_LISTEN", "127.0.0.1:0")));
        environment.push(pair(("RUST_LOG", "info")));
        environment.push(pair(("USER", "operator")));
        let (alipay, url) = serve(folder.path(), &environment, &alipays.private, NOBODY, &[]);
        let mut world = World {
            sandbox,
            alipay,
            url,
            environment,
            folder,
            alipay_key: alipays.private.clone(),
            ingress: NOBODY.to_owned(),
        };
        world.gateway_at(&format!("{}/gateway.do", world.url));
        world.run("migrate").ended(0, "");
        world.run("topology apply").ended(0, "");
        world.run("product add gift --name 礼品 --kind manual --price 10").ended(0, "");
        world
    }

    /// The gateway of programs that are started from now on.
    pub(crate) fn gateway_at(&mut self, gateway: &str) {
        for merchant in ["SHOP", "APP"] {
            self.set(&format!("ALIPAY__MERCHANTS__{merchant}__GATEWAY"), gateway);
        }
    }

    /// One more variable, or another value.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Restarts the simulator with other faults and the same trades.
    pub(crate) fn serve_again(&mut self, faults: &[&str]) {
        self.alipay.kill();
        (self.alipay, self.url) =
            serve(self.folder.path(), &self.environment, &self.alipay_key, &self.ingress, faults);
        self.gateway_at(&format!("{}/gateway.do", self.url));
    }

    pub(crate) fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Starts `ops` with these arguments.
    pub(crate) fn start(&self, arguments: &[&str]) -> Program {
        Program::start("ops", arguments, &self.environment())
    }

    pub(crate) fn run(&self, arguments: &str) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_ops"))
            .args(arguments.split_whitespace())
            .env_remove("ALIPAY_CONFIG")
            .envs(self.environment())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Answer {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self, arguments: &str) -> Value {
        self.run(&format!("{arguments} --output json")).ended(0, "").json()
    }

    /// An order over 10.00.
    pub(crate) fn order(&self, id: &str, merchant: &str) {
        self.run(&format!("order create {id} --merchant {merchant} --product gift")).ended(0, "");
    }

    /// Starts an ingress, so Alipay's notifications arrive from now on.
    pub(crate) fn with_ingress(&mut self) -> Program {
        self.set("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0");
        self.set("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0");
        let mut ingress = Program::start("ingress", &[], &self.environment());
        let line = ingress.wait_for_line("ingress ready", Duration::from_secs(30));
        let address = line.split("listen=").nth(1).unwrap_or(&line);
        let address = address.split_whitespace().next().unwrap();
        self.ingress = format!("http://{address}");
        self.serve_again(&[]);
        ingress
    }

    /// The buyer opens (`wait`) or pays (`pay`) a trade, without a notification.
    pub(crate) fn buyer(&self, verb: &str, id: &str, merchant: &str) {
        self.buyer_of(verb, id, merchant, "10.00", &["--drop"]);
    }

    /// The same with another total, and with a notification unless it is dropped.
    pub(crate) fn buyer_of(
        &self,
        verb: &str,
        id: &str,
        merchant: &str,
        total: &str,
        more: &[&str],
    ) {
        let trades = self.folder.path().join("trades.json");
        let to = format!("{}/alipay/{merchant}/notify", self.ingress);
        let mut arguments = vec![
            verb,
            "--order",
            id,
            "--merchant",
            merchant,
            "--total",
            total,
            "--to",
            &to,
            "--trades",
            trades.to_str().unwrap(),
            "--alipay-private-key",
            &self.alipay_key,
        ];
        arguments.extend(more);
        let mut buyer = Program::start("simulator", &arguments, &self.environment());
        assert!(buyer.wait().success(), "{}", buyer.stderr());
    }

    /// Orders that are paid, at Alipay and here.
    pub(crate) fn paid(&self, orders: &[(&str, &str)]) -> Program {
        let worker = self.worker();
        for (id, merchant) in orders {
            self.order(id, merchant);
            self.buyer("pay", id, merchant);
            self.run(&format!("query {id} --apply")).ended(0, "");
            self.until(id, |order| order["status"] == 8);
        }
        worker
    }

    pub(crate) fn worker(&self) -> Program {
        let mut worker = Program::start("worker", &[], &self.environment());
        worker.wait_for_line("worker ready", Duration::from_secs(30));
        worker
    }

    /// Waits until the order satisfies the condition.
    #[track_caller]
    pub(crate) fn until(&self, id: &str, is_so: impl Fn(&Value) -> bool) {
        let began = Instant::now();
        loop {
            let order = self.json(&format!("order show {id}"));
            if is_so(&order) {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{order}");
            sleep(Duration::from_millis(50));
        }
    }

    /// The trade at Alipay.
    pub(crate) fn trade(&self, id: &str, merchant: &str) -> Value {
        let trades = std::fs::read(self.folder.path().join("trades.json")).unwrap();
        let trades: Value = serde_json::from_slice(&trades).unwrap();
        trades["merchants"][merchant][id][0]["trade"].clone()
    }

    /// The refunds that Alipay has made of it, fen.
    pub(crate) fn refunds(&self, id: &str, merchant: &str) -> Vec<i64> {
        let trade = self.trade(id, merchant);
        let refunds = trade["refunds"].as_array().unwrap();
        refunds.iter().map(|refund| refund["amount"].as_i64().unwrap()).collect()
    }
}

fn serve(
    folder: &std::path::Path,
    environment: &[(String, String)],
    key: &str,
    ingress: &str,
    faults: &[&str],
) -> (Program, String) {
    let trades = folder.join("trades.json");
    let mut arguments = vec!["serve", "--trades", trades.to_str().unwrap(), "--ingress", ingress];
    arguments.extend(["--alipay-private-key", key]);
    arguments.extend(faults);
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut alipay = Program::start("simulator", &arguments, &environment);
    let line = alipay.wait_for_line("simulator ready url=", Duration::from_secs(30));
    let url = line["simulator ready url=".len()..].split(' ').next().unwrap().to_owned();
    (alipay, url)
}

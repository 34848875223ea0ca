//! The programs that the demo runs on, and their configuration.

use std::path::Path;
use std::time::Duration;

use alipay::{Charset, Fen, Md5Key, Payment, PrivateKey, Signer};
use anyhow::Context;
use chrono::Utc;
use simulator::{KeptTrade, KeyPair, Sender, Trade, TradeFile, TradeFileError};
use testkit::{Pipeline, Program, run_program};

use crate::by_hand::ByHand;
use crate::config::{APP_ID, Config, MD5_KEY, SELLER_ID};
use crate::folder::Folder;
use crate::say;

/// How long the simulator may take until it listens.
const READY: Duration = Duration::from_secs(10);
/// Age at which the demo's workers ask the gateway about an order that is not paid.
pub(crate) const QUERY_AFTER: &str = "1s";
/// The same once the demo is over: a lost notification can be seen before it heals.
const QUERY_AFTER_BY_HAND: &str = "20s";
/// Codes for whoever goes on by hand.
const CODES_BY_HAND: usize = 200;

/// Everything that runs.
pub(crate) struct Stage {
    pub(crate) shop: Pipeline,
    /// `127.0.0.1:PORT` of the ingress.
    pub(crate) ingress: String,
    /// Alipay's key pair for the Open Platform merchant.
    pub(crate) keys: KeyPair,
    /// The application's own key, which signs what the merchant asks.
    application: KeyPair,
    /// `http://127.0.0.1:PORT` of the simulator, which is Alipay for both merchants.
    alipay: String,
    folder: Folder,
    database_url: String,
    amqp_url: String,
    workers: Vec<Program>,
    /// Ingress and simulator.
    others: Vec<Program>,
}

impl Stage {
    /// Writes the configuration, prepares database and broker, starts the programs. `keep`: they will stay.
    pub(crate) async fn set(keep: bool) -> anyhow::Result<Stage> {
        let server = |name: &str| {
            std::env::var(name).with_context(|| {
                format!("{name} is not set: run the demo with `make demo`, or with `testkit run -- demo`")
            })
        };
        let (database_url, amqp_url) = (server("DATABASE_URL")?, server("AMQP_URL")?);
        let folder = Folder::make(keep)?;
        let (keys, application) = (KeyPair::generate()?, KeyPair::generate()?);
        keys.write(&folder.path)?;
        folder.write("application_private.pem", &application.private_pem)?;
        let first = Config {
            database_url: &database_url,
            amqp_url: &amqp_url,
            ingress: "127.0.0.1:0",
            alipay: None,
            query_unpaid_after: QUERY_AFTER,
        };
        // Made before the pipeline writes it, so that its mode is a secret's.
        folder.write("alipay.toml", "")?;
        let shop = Pipeline::new(&folder.path, &first.text(), &[])?.logging_to_files();
        let codes: Vec<String> = (1..=12).map(|number| format!("CODE-{number:04}")).collect();
        shop.prepare(&codes)?;
        shop.add_product("RARE", "限量卡", &["--kind", "stock"])?;
        shop.add_product("VIP", "会员 30 天", &["--kind", "subscription", "--days", "30"])?;
        say("· schema, queues, 3 products, 12 codes in stock");

        let (program, ingress) = shop.start_ingress()?;
        say(&format!("· ingress ready on {ingress} (process {})", program.id()));
        let mut others = vec![program];
        let (program, alipay) = start_alipay(shop.config(), &folder.path, &ingress)?;
        say(&format!("· simulator ready on {alipay} (process {})", program.id()));
        others.push(program);
        let workers = Vec::new();
        let mut stage = Stage {
            shop,
            ingress,
            keys,
            application,
            alipay,
            folder,
            database_url,
            amqp_url,
            workers,
            others,
        };
        // Now that both listen: workers and operators find them where they are.
        stage.configure(QUERY_AFTER)?;
        stage.start_workers(2);
        Ok(stage)
    }

    fn configure(&self, query_unpaid_after: &str) -> anyhow::Result<()> {
        let config = Config {
            database_url: &self.database_url,
            amqp_url: &self.amqp_url,
            ingress: &self.ingress,
            alipay: Some(&self.alipay),
            query_unpaid_after,
        };
        self.folder.write("alipay.toml", &config.text()).map(drop)
    }

    /// Starts so many workers.
    pub(crate) fn start_workers(&mut self, count: usize) {
        for _ in 0..count {
            let (program, line) = self.shop.start("worker");
            say(&format!("· {line} (process {})", program.id()));
            self.workers.push(program);
        }
    }

    /// Kills every worker, as a machine that fails does; returns how many.
    pub(crate) fn kill_workers(&mut self) -> usize {
        let killed = self.workers.len();
        for mut worker in self.workers.drain(..) {
            worker.kill();
        }
        killed
    }

    /// The buyer pays an order at the merchant `app`, and the notification is lost on the way.
    pub(crate) fn pay_and_lose(&self, order: &str) -> anyhow::Result<String> {
        let config = self.shop.config().display().to_string();
        let key = self.folder.path.join("alipay_private.pem").display().to_string();
        let arguments = ["pay", "--config", &config, "--merchant", "app", "--order", order];
        let more = ["--total", "10.00", "--drop", "--alipay-private-key", &key];
        let output = run_program("simulator", &[&arguments[..], &more].concat(), &[]);
        anyhow::ensure!(
            output.status.success(),
            "simulator pay: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The buyer opens the pay link of an order at the merchant `app`; returns the address of the
    /// cashier.
    pub(crate) async fn open_cashier(&self, order: &str) -> anyhow::Result<String> {
        let link = self.pay_link("app", order)?;
        self.press(&link).await?;
        let trades = self.trade_file().read()?;
        let kept = trades.merchants.get("app").and_then(|orders| orders.get(order)?.last());
        let kept = kept.with_context(|| format!("the link of {order} opened no trade"))?;
        Ok(format!("{}/cashier/{}", self.alipay, kept.trade.trade_no))
    }

    /// Where the simulator keeps its trades: beside the configuration.
    fn trade_file(&self) -> TradeFile {
        TradeFile::new(self.folder.path.join("simulator-trades.json"))
    }

    /// Goes to an address of the simulator as a form does; returns the status of the answer.
    pub(crate) async fn press(&self, url: &str) -> anyhow::Result<u16> {
        let attempt = Sender::new(READY).post(&url.parse()?, Vec::new().into()).await;
        attempt.status.with_context(|| format!("{url} does not answer"))
    }

    /// Stops the programs and removes what was written.
    pub(crate) fn strike(&mut self) {
        let programs = self.workers.drain(..).chain(self.others.drain(..).rev());
        for mut program in programs {
            program.terminate();
            program.wait();
        }
        let folder = &self.folder.path;
        if std::fs::remove_dir_all(folder).is_err() {
            say(&format!("demo: {} could not be removed", folder.display()));
        }
    }

    /// Leaves everything running and says what to do with it. The simulator knows the trades that were played, as
    /// Alipay would: `ops reconcile` and `ops query` ask it.
    pub(crate) fn keep(&mut self, played: Vec<(&'static str, Trade)>) -> anyhow::Result<()> {
        self.trade_file().update(|trades| {
            for (merchant, trade) in played {
                let order = trade.out_trade_no.clone();
                trades.of(merchant, &order).push(KeptTrade::new(trade));
            }
            Ok::<_, TradeFileError>(())
        })?;
        for mut worker in self.workers.drain(..) {
            worker.terminate();
            worker.wait();
        }
        self.configure(QUERY_AFTER_BY_HAND)?;
        self.start_workers(2);
        let codes: Vec<String> =
            (1..=CODES_BY_HAND).map(|number| format!("TRY-{number:04}")).collect();
        self.shop.import("CODE", &codes)?;
        say(&format!("· {CODES_BY_HAND} more codes in stock"));
        let links = [("D-TRY-1", "shop"), ("D-TRY-2", "app")].map(|(order, merchant)| {
            self.shop.order(order, merchant, "CODE")?;
            Ok((order, merchant, self.pay_link(merchant, order)?))
        });
        let links = links.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let pids = |programs: &[Program]| programs.iter().map(Program::id).collect::<Vec<_>>();
        let by_hand = ByHand {
            folder: &self.folder,
            database_url: &self.database_url,
            amqp_url: &self.amqp_url,
            ingress: &self.ingress,
            alipay: &self.alipay,
            workers: &pids(&self.workers),
            others: &pids(&self.others),
            links: &links,
            servers: std::env::var(testkit::FOLDER_VARIABLE).ok(),
        };
        by_hand.write()?;
        say(&by_hand.text());
        for program in self.workers.drain(..).chain(self.others.drain(..)) {
            program.leave();
        }
        Ok(())
    }

    /// What a shop leads its buyer to: a signed link to the cashier.
    fn pay_link(&self, merchant: &str, order: &str) -> anyhow::Result<String> {
        let ours = format!("http://{}/alipay/{merchant}", self.ingress);
        let (notify_url, return_url) = (format!("{ours}/notify"), format!("{ours}/return"));
        let payment = Payment {
            out_trade_no: order,
            subject: "游戏点卡",
            total: Fen::new(1000),
            notify_url: Some(&notify_url),
            return_url: Some(&return_url),
            more: &[],
            nested: &[],
        };
        let form = match merchant {
            "app" => {
                let key = PrivateKey::read(&self.application.private_pem)?;
                payment.openapi(APP_ID, Charset::Utf8, Utc::now(), &Signer::Rsa2(key))?
            }
            _ => {
                let signer = Signer::Md5(Md5Key::new(MD5_KEY));
                payment.mapi(SELLER_ID, SELLER_ID, Charset::Utf8, &signer)?
            }
        };
        Ok(alipay::link(&format!("{}/gateway.do", self.alipay), &form))
    }
}

/// Starts `simulator serve`; returns it with its `http://HOST:PORT`.
fn start_alipay(config: &Path, folder: &Path, ingress: &str) -> anyhow::Result<(Program, String)> {
    let config = config.display().to_string();
    let key = folder.join("alipay_private.pem").display().to_string();
    let ingress = format!("http://{ingress}");
    let arguments =
        ["serve", "--config", &config, "--alipay-private-key", &key, "--ingress", &ingress];
    let log = folder.join("simulator.log");
    let mut program = Program::start_with_log("simulator", &arguments, &[], &log);
    let line = program.wait_for_line("simulator ready", READY);
    let url = line.split_whitespace().find_map(|word| word.strip_prefix("url="));
    let url = url.context("the simulator did not say where it listens")?.to_owned();
    Ok((program, url))
}

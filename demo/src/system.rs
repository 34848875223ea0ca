//! The programs that the demo runs on, and their configuration.

use std::time::Duration;

use alipay::{Charset, Fen, Md5Key, Payment, PrivateKey, Signer};
use anyhow::Context;
use chrono::Utc;
use simulator::{AlipayTrade, KeptTrade, Sender, TradeFile, TradeFileError};
use testkit::{Merchants, Pipeline, Program};

use crate::by_hand::ByHand;
use crate::config::{DemoConfig, MD5_KEY};
use crate::folder::DemoFolder;
use crate::say;

/// How long a page of the simulator may take.
const PAGE: Duration = Duration::from_secs(10);
/// Age at which the demo's workers ask the gateway about an order that is not paid.
pub(crate) const QUERY_AFTER: &str = "1s";
/// The same once the demo is over: a lost notification can be seen before it heals.
const QUERY_AFTER_BY_HAND: &str = "20s";
/// Codes for trying it by hand.
const CODES_BY_HAND: usize = 200;

/// Everything that runs.
pub(crate) struct DemoSystem {
    pub(crate) shop: Pipeline,
    /// `127.0.0.1:PORT` of the ingress.
    pub(crate) ingress: String,
    /// `http://127.0.0.1:PORT` of the simulator, which is Alipay for both merchants.
    alipay: String,
    folder: DemoFolder,
    database_url: String,
    amqp_url: String,
    workers: Vec<Program>,
    /// Ingress and simulator.
    others: Vec<Program>,
}

impl DemoSystem {
    /// Writes the configuration, prepares database and broker, starts the programs. `keep`: they will stay.
    pub(crate) async fn start(keep: bool) -> anyhow::Result<DemoSystem> {
        let server = |name: &str| {
            std::env::var(name).with_context(|| {
                format!("{name} is not set: run the demo with `make demo`, or with `testkit run -- demo`")
            })
        };
        let (database_url, amqp_url) = (server("DATABASE_URL")?, server("AMQP_URL")?);
        let folder = DemoFolder::make(keep)?;
        let first = DemoConfig {
            database_url: &database_url,
            amqp_url: &amqp_url,
            ingress: "127.0.0.1:0",
            alipay: None,
            query_unpaid_after: QUERY_AFTER,
        };
        // Made before the pipeline writes it, so that its mode is a secret's.
        folder.write("alipay.toml", "")?;
        let mut shop = Pipeline::new(&folder.path, &first.text(), &[])?.logging_to_files();
        shop.generate_keys()?;
        let codes: Vec<String> = (1..=12).map(|number| format!("CODE-{number:04}")).collect();
        shop.prepare(&codes)?;
        shop.add_product("RARE", "限量卡", &["--kind", "stock"])?;
        shop.add_product("VIP", "会员 30 天", &["--kind", "subscription", "--days", "30"])?;
        say("· schema, queues, 3 products, 12 codes in stock");

        let (program, ingress) = shop.start_ingress();
        say(&format!("· ingress ready on {ingress} (process {})", program.id()));
        let mut others = vec![program];
        let (program, alipay) = shop.start_alipay(Some(&ingress), &[]);
        say(&format!("· simulator ready on {alipay} (process {})", program.id()));
        others.push(program);
        let workers = Vec::new();
        let mut system =
            DemoSystem { shop, ingress, alipay, folder, database_url, amqp_url, workers, others };
        // Now that both listen: workers and operators find them where they are.
        system.configure(QUERY_AFTER)?;
        system.start_workers(2);
        Ok(system)
    }

    fn configure(&self, query_unpaid_after: &str) -> anyhow::Result<()> {
        let config = DemoConfig {
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
            let (program, line) = self.shop.start("worker", &[]);
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
        let arguments = ["--total", "10.00", "--drop"];
        Ok(self.shop.at_alipay("pay", "app", order, &arguments)?.trim().to_owned())
    }

    /// A private key: `alipay`'s, or that of the merchant `app`, which signs what it asks.
    pub(crate) fn private_key(&self, owner: &str) -> anyhow::Result<PrivateKey> {
        let file = self.shop.file(&format!("{owner}/alipay_private.pem"));
        Ok(PrivateKey::read(&std::fs::read_to_string(file)?)?)
    }

    /// The buyer opens the pay link of an order at the merchant `app`; returns the address of the
    /// cashier.
    pub(crate) async fn open_cashier(&self, order: &str) -> anyhow::Result<String> {
        let link = self.pay_link("app", order)?;
        self.press(&link).await?;
        let trade = self.shop.trade_at_alipay("app", order)?;
        let number = trade["trade_no"].as_str();
        let number = number.with_context(|| format!("the link of {order} opened no trade"))?;
        Ok(format!("{}/cashier/{number}", self.alipay))
    }

    /// Goes to an address of the simulator as a form does; returns the status of the answer.
    pub(crate) async fn press(&self, url: &str) -> anyhow::Result<u16> {
        let attempt = Sender::new(PAGE).post(&url.parse()?, Vec::new().into()).await;
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
    pub(crate) fn keep(&mut self, played: Vec<(&'static str, AlipayTrade)>) -> anyhow::Result<()> {
        TradeFile::new(self.shop.trades_file()).update(|trades| {
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
                let signer = Signer::Rsa2(self.private_key("app")?);
                payment.openapi(Merchants::APP_ID, Charset::Utf8, Utc::now(), &signer)?
            }
            _ => {
                let signer = Signer::Md5(Md5Key::new(MD5_KEY));
                payment.mapi(Merchants::SELLER_ID, Merchants::SELLER_ID, Charset::Utf8, &signer)?
            }
        };
        Ok(alipay::link(&format!("{}/gateway.do", self.alipay), &form))
    }
}

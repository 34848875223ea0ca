//! The programs that the demo runs on, and their configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use alipay::{Charset, Fen, Md5Key, Payment, PrivateKey, Signer};
use anyhow::Context;
use chrono::Utc;
use simulator::{KeyPair, Sender, TradeFile};
use testkit::{Pipeline, Program, run_program};

use crate::say;

/// How long the simulator may take until it listens.
const READY: Duration = Duration::from_secs(10);
/// Age at which the demo's workers ask the gateway about an order that is not paid.
pub(crate) const QUERY_AFTER: &str = "1s";

/// The secret of the demo's merchant at the legacy gateway. Not a secret.
pub(crate) const MD5_KEY: &str = "demo0secret0of0the0legacy0gateway";
/// The demo's merchant at the legacy gateway.
pub(crate) const SELLER_ID: &str = "2088000000000001";
/// The demo's merchant on the Open Platform.
pub(crate) const APP_ID: &str = "2021000000000001";

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
    folder: PathBuf,
    programs: Vec<Program>,
}

impl Stage {
    /// Writes the configuration, prepares database and broker, starts the programs.
    pub(crate) async fn set() -> anyhow::Result<Stage> {
        let folder =
            std::env::current_dir()?.join(".run").join(format!("demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let (keys, application) = (KeyPair::generate()?, KeyPair::generate()?);
        keys.write(&folder)?;
        std::fs::write(folder.join("application_private.pem"), &application.private_pem)?;
        let config = config("127.0.0.1:0", None);
        let shop = Pipeline::new(&folder, &config, &[])?.logging_to_files();
        let codes: Vec<String> = (1..=12).map(|number| format!("CODE-{number:04}")).collect();
        shop.prepare(&codes)?;
        shop.add_product("RARE", "限量卡", &["--kind", "stock"])?;
        shop.add_product("VIP", "会员 30 天", &["--kind", "subscription", "--days", "30"])?;
        say("· schema, queues, 3 products, 12 codes in stock");

        let (program, ingress) = shop.start_ingress()?;
        say(&format!("· ingress ready on {ingress} (process {})", program.id()));
        let mut programs = vec![program];
        let (program, alipay) = start_alipay(shop.config(), &folder, &ingress)?;
        say(&format!("· simulator ready on {alipay} (process {})", program.id()));
        programs.push(program);
        // Now that both listen: workers and operators find them where they are.
        std::fs::write(shop.config(), self::config(&ingress, Some(&alipay)))?;
        for _ in 0..2 {
            let (program, line) = shop.start("worker");
            say(&format!("· {line} (process {})", program.id()));
            programs.push(program);
        }
        Ok(Stage { shop, ingress, keys, application, alipay, folder, programs })
    }

    /// The buyer pays an order at the merchant `app`, and the notification is lost on the way.
    pub(crate) fn pay_and_lose(&self, order: &str) -> anyhow::Result<String> {
        let config = self.shop.config().display().to_string();
        let key = self.folder.join("alipay_private.pem").display().to_string();
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
        let trades = TradeFile::new(self.folder.join("simulator-trades.json")).read()?;
        let kept = trades.merchants.get("app").and_then(|orders| orders.get(order)?.last());
        let kept = kept.with_context(|| format!("the link of {order} opened no trade"))?;
        Ok(format!("{}/cashier/{}", self.alipay, kept.trade.trade_no))
    }

    /// Goes to an address of the simulator as a form does; returns the status of the answer.
    pub(crate) async fn press(&self, url: &str) -> anyhow::Result<u16> {
        let attempt = Sender::new(READY).post(&url.parse()?, Vec::new().into()).await;
        attempt.status.with_context(|| format!("{url} does not answer"))
    }

    /// Stops the programs and removes what was written.
    pub(crate) fn strike(&mut self) {
        for mut program in self.programs.drain(..).rev() {
            program.terminate();
            program.wait();
        }
        if std::fs::remove_dir_all(&self.folder).is_err() {
            say(&format!("demo: {} could not be removed", self.folder.display()));
        }
    }

    /// Leaves everything running and says where it is.
    pub(crate) fn keep(&mut self) -> anyhow::Result<()> {
        let links = [("shop", "D-TRY-1"), ("app", "D-TRY-2")].map(|(merchant, order)| {
            self.shop.order(order, merchant, "CODE")?;
            Ok((merchant, order, self.pay_link(merchant, order)?))
        });
        let links = links.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        say("\nLeft running:");
        say(&format!("  Alipay    {}/ (trades, cashier, refunds; what was sent)", self.alipay));
        for (merchant, order, link) in links {
            say(&format!("  pay       {order} at {merchant}, in a browser:\n            {link}"));
        }
        say(&format!(
            "  ingress   http://{}/alipay/shop/notify (legacy), /alipay/app/notify",
            self.ingress
        ));
        let config = self.shop.config().display();
        say(&format!("  config    {config}"));
        for name in ["DATABASE_URL", "AMQP_URL"] {
            say(&format!("  export {name}={}", std::env::var(name).unwrap_or_default()));
        }
        say(&format!("  try       target/debug/ops --config {config} order show D-TRY-1"));
        let pids: Vec<String> =
            self.programs.iter().map(|program| program.id().to_string()).collect();
        say(&format!("  stop      kill {}", pids.join(" ")));
        for program in self.programs.drain(..) {
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

/// The configuration of all programs. The gateway is not known before the simulator listens, which
/// reads this file, too.
fn config(ingress: &str, alipay: Option<&str>) -> String {
    let gateway = match alipay {
        Some(alipay) => format!("gateway = \"{alipay}/gateway.do\""),
        None => "# gateway = ...".to_owned(),
    };
    format!(
        r#"# The demo's configuration; DATABASE_URL and AMQP_URL come from the environment.
[ingress]
listen = "{ingress}"
admin_listen = "127.0.0.1:0"

[worker]
admin_listen = "127.0.0.1:0"
query_unpaid_after = "{QUERY_AFTER}"      # far too short for a shop

[events]
enabled = true

[merchants.shop]            # legacy gateway, MD5
protocol = "mapi"
seller_id = "{SELLER_ID}"
sign_types = ["MD5"]
md5_key = "{MD5_KEY}"
{gateway}

[merchants.app]             # Open Platform, RSA2
protocol = "openapi"
app_id = "{APP_ID}"
seller_id = "{SELLER_ID}"
sign_types = ["RSA2"]
alipay_public_keys_file = "alipay_public.pem"
private_key_file = "application_private.pem"
{gateway}
"#
    )
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

//! The programs that the demo runs on, and their configuration.

use std::path::PathBuf;

use simulator::KeyPair;
use testkit::{Pipeline, Program};

use crate::say;

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
    folder: PathBuf,
    programs: Vec<Program>,
}

impl Stage {
    /// Writes the configuration, prepares database and broker, starts the programs.
    pub(crate) async fn set() -> anyhow::Result<Stage> {
        let folder =
            std::env::current_dir()?.join(".run").join(format!("demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let keys = KeyPair::generate()?;
        let key_files = keys.write(&folder)?;
        let config = format!(
            r#"# The demo's configuration; DATABASE_URL and AMQP_URL come from the environment.
[ingress]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"

[worker]
admin_listen = "127.0.0.1:0"

[events]
enabled = true

[merchants.shop]            # legacy gateway, MD5
protocol = "mapi"
seller_id = "{SELLER_ID}"
sign_types = ["MD5"]
md5_key = "{MD5_KEY}"

[merchants.app]             # Open Platform, RSA2
protocol = "openapi"
app_id = "{APP_ID}"
seller_id = "{SELLER_ID}"
sign_types = ["RSA2"]
alipay_public_keys_file = "{}"
"#,
            key_files.public.display()
        );
        let shop = Pipeline::new(&folder, &config, &[])?.logging_to_files();
        let codes: Vec<String> = (1..=8).map(|number| format!("CODE-{number:04}")).collect();
        shop.prepare(&codes)?;
        shop.add_product("RARE", "限量卡", &["--kind", "stock"])?;
        shop.add_product("VIP", "会员 30 天", &["--kind", "subscription", "--days", "30"])?;
        say("· schema, queues, 3 products, 8 codes in stock");

        let (program, ingress) = shop.start_ingress()?;
        say(&format!("· ingress ready on {ingress} (process {})", program.id()));
        let mut programs = vec![program];
        for _ in 0..2 {
            let (program, line) = shop.start("worker");
            say(&format!("· {line} (process {})", program.id()));
            programs.push(program);
        }
        Ok(Stage { shop, ingress, keys, folder, programs })
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
    pub(crate) fn keep(&mut self) {
        say("\nLeft running:");
        say(&format!(
            "  ingress   http://{}/alipay/shop/notify (legacy), /alipay/app/notify",
            self.ingress
        ));
        let config = self.shop.config().display();
        say(&format!("  config    {config}"));
        for name in ["DATABASE_URL", "AMQP_URL"] {
            say(&format!("  export {name}={}", std::env::var(name).unwrap_or_default()));
        }
        say(&format!("  try       target/debug/ops --config {config} order show D-PAY"));
        let pids: Vec<String> =
            self.programs.iter().map(|program| program.id().to_string()).collect();
        say(&format!("  stop      kill {}", pids.join(" ")));
        for program in self.programs.drain(..) {
            program.leave();
        }
    }
}

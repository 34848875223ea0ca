//! The programs that the demo runs on, and their configuration.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use simulator::KeyPair;
use testkit::Program;

use crate::say;
use crate::shop::Shop;

/// How long a program may take until it is ready.
const READY: Duration = Duration::from_secs(30);

/// The secret of the demo's merchant at the legacy gateway. Not a secret.
pub(crate) const MD5_KEY: &str = "demo0secret0of0the0legacy0gateway";
/// The demo's merchant at the legacy gateway.
pub(crate) const SELLER_ID: &str = "2088000000000001";
/// The demo's merchant on the Open Platform.
pub(crate) const APP_ID: &str = "2021000000000001";

/// Everything that runs.
pub(crate) struct Stage {
    pub(crate) shop: Shop,
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
        let folder = std::env::current_dir()?.join(".run").join(format!("demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let keys = KeyPair::generate()?;
        let key_files = keys.write(&folder)?;
        let config = folder.join("alipay.toml");
        std::fs::write(
            &config,
            format!(
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
            ),
        )?;
        let shop = Shop::new(config);
        shop.prepare()?;

        let mut programs = Vec::new();
        let ready = start(&mut programs, "ingress", &shop)?;
        let ingress = ready
            .split_whitespace()
            .find_map(|word| word.strip_prefix("listen="))
            .context("the ingress did not say where it listens")?
            .to_owned();
        start(&mut programs, "worker", &shop)?;
        start(&mut programs, "worker", &shop)?;
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
        say(&format!("  ingress   http://{}/alipay/shop/notify (legacy), /alipay/app/notify", self.ingress));
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
            // Dropping it would end it.
            std::mem::forget(program);
        }
    }
}

fn start(programs: &mut Vec<Program>, name: &str, shop: &Shop) -> anyhow::Result<String> {
    let config = shop.config().display().to_string();
    let mut program = Program::start(name, &["--config", &config], &[]);
    let line = program.wait_for_line(&format!("{name} ready"), READY);
    say(&format!("· {line}  (process {})", program.id()));
    programs.push(program);
    Ok(line)
}

//! The shop's side: everything goes through `ops`, as an operator would do it.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;
use testkit::run_program;

use crate::say;

/// A shop with a configuration file.
pub(crate) struct Shop {
    config: PathBuf,
}

impl Shop {
    pub(crate) fn new(config: PathBuf) -> Shop {
        Shop { config }
    }

    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// Schema, queues, products, stock.
    pub(crate) fn prepare(&self) -> anyhow::Result<()> {
        self.ops(&["migrate"])?;
        self.ops(&["topology", "apply"])?;
        let add = ["product", "add"];
        self.ops(&[&add[..], &["CODE", "--name", "游戏点卡", "--kind", "stock", "--price", "10.00"]].concat())?;
        self.ops(&[&add[..], &["RARE", "--name", "限量卡", "--kind", "stock", "--price", "10.00"]].concat())?;
        self.ops(&[&add[..], &["VIP", "--name", "会员 30 天", "--kind", "subscription", "--days", "30", "--price", "10.00"]].concat())?;
        let codes: Vec<String> = (1..=8).map(|n| format!("CODE-{n:04}")).collect();
        self.import("CODE", &codes)?;
        say("· schema, queues, 3 products, 8 codes in stock");
        Ok(())
    }

    /// Imports codes of a product.
    pub(crate) fn import(&self, product: &str, codes: &[String]) -> anyhow::Result<()> {
        let path = self.config.with_file_name("codes.txt");
        let mut file = std::fs::File::create(&path)?;
        writeln!(file, "{}", codes.join("\n"))?;
        self.ops(&["stock", "import", product, "--file", &path.display().to_string()])?;
        Ok(())
    }

    /// Places an order of one unit.
    pub(crate) fn order(&self, id: &str, merchant: &str, product: &str) -> anyhow::Result<()> {
        let order = ["order", "create", id, "--merchant", merchant, "--product", product];
        let rest = ["--quantity", "1", "--account", "buyer-7"];
        self.ops(&[&order[..], &rest[..]].concat())?;
        Ok(())
    }

    /// The order as `ops order show` tells it.
    pub(crate) fn show(&self, id: &str) -> anyhow::Result<Value> {
        self.json(&["order", "show", id])
    }

    /// Runs a verb and reads its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let output = self.ops(&[arguments, &["--output", "json"][..]].concat())?;
        serde_json::from_str(&output).with_context(|| format!("ops {}", arguments.join(" ")))
    }

    fn ops(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let config = self.config.display().to_string();
        let output = run_program("ops", &[&["--config", &config][..], arguments].concat(), &[]);
        ensure!(
            output.status.success(),
            "ops {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

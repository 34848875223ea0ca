//! What is left after `--keep`: commands to paste, and how to end it.

use std::fmt::Write as _;

use testkit::Merchants;

use crate::config::MD5_KEY;
use crate::folder::DemoFolder;

/// A demo that stays.
pub(crate) struct ByHand<'a> {
    pub(crate) folder: &'a DemoFolder,
    pub(crate) database_url: &'a str,
    pub(crate) amqp_url: &'a str,
    /// `HOST:PORT`
    pub(crate) ingress: &'a str,
    /// `http://HOST:PORT`
    pub(crate) alipay: &'a str,
    pub(crate) workers: &'a [u32],
    pub(crate) others: &'a [u32],
    /// Order, merchant and the link to the cashier.
    pub(crate) links: &'a [(&'a str, &'a str, String)],
    /// The private servers that testkit started, if it did.
    pub(crate) servers: Option<String>,
}

impl ByHand<'_> {
    /// Writes `env`, `links` and `stop`.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        self.folder.write("env", &self.env())?;
        self.folder.write("links", &self.links())?;
        self.folder.write_script("stop", &self.stop())?;
        Ok(())
    }

    /// Functions in the place of exports: what is exported outlives the servers, and the next `make` would use it.
    fn env(&self) -> String {
        let bin = self.folder.programs.display();
        let config = self.folder.path.join("alipay.toml");
        let config = config.display();
        let mut text = format!(
            "# To be read by a shell: . {}\n# Nothing is exported.\n",
            self.folder.shown("env")
        );
        for program in ["ops", "worker", "ingress", "simulator"] {
            let _ =
                writeln!(text, "{program}() {{ '{bin}/{program}' --config '{config}' \"$@\"; }}");
        }
        let ByHand { database_url, amqp_url, ingress, alipay, .. } = self;
        let _ = writeln!(
            text,
            "shop() {{\n  ALIPAY_PARTNER={seller} ALIPAY_MD5_KEY={MD5_KEY} '{bin}/shop' --product CODE \\\n    \
             --database-url '{database_url}' --amqp-url '{amqp_url}' \\\n    --gateway {alipay}/gateway.do \
             --notify-url http://{ingress}/alipay/shop/notify \"$@\"\n}}",
            seller = Merchants::SELLER_ID,
        );
        text
    }

    fn links(&self) -> String {
        self.links
            .iter()
            .map(|(order, merchant, link)| format!("{order} at {merchant}\n{link}\n"))
            .collect()
    }

    fn stop(&self) -> String {
        let pids = joined(self.workers.iter().chain(self.others));
        let servers = match &self.servers {
            Some(servers) => {
                let testkit = self.folder.programs.join("testkit");
                format!("'{}' stop '{servers}'\n", testkit.display())
            }
            None => String::new(),
        };
        let folder = self.folder.path.display();
        // A worker that stands still (kill -STOP) gets no SIGTERM before it continues.
        format!(
            "#!/bin/sh\n# Ends the demo and removes its files.\nkill -CONT {pids} 2>/dev/null\nkill {pids} 2>/dev/null\n{servers}rm -rf '{folder}'\n"
        )
    }

    /// What to print.
    pub(crate) fn text(&self) -> String {
        let (workers, folder) = (joined(self.workers.iter()), self.folder);
        let (env, stop, links) = (folder.shown("env"), folder.shown("stop"), folder.shown("links"));
        format!(
            "\nLeft running. Paste into a terminal here:

  . {env}          # ops, worker, simulator and shop with this demo's configuration; exports nothing
  ops status
  ops order show D-TRY-1
  shop                         # then buy at http://127.0.0.1:8088/

In a browser:
  {alipay}/       Alipay: trades, cashier, refunds, what was sent
  the links in {links}   pay D-TRY-1 (legacy) and D-TRY-2 (Open Platform)

A fault to look at, and its end:
  kill -STOP {workers}       # both workers stand still. Pay: Alipay reads success, the order stays placed, and
                               # ops status shows what waits
  kill -CONT {workers}       # delivered at once
  Choose \"lost\" at the cashier: the order stays unpaid for 20 s, until a worker asks Alipay.

End it, servers and files too:
  {stop}",
            alipay = self.alipay,
        )
    }
}

fn joined<'a>(pids: impl Iterator<Item = &'a u32>) -> String {
    pids.map(u32::to_string).collect::<Vec<_>>().join(" ")
}

//! `simulator serve`.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alipay::SignType;
use anyhow::{Context, anyhow};
use clap::Args;
use config::Config;
use simulator::{
    Account, Demands, Fault, GatewayFaults, PageGuard, RepeatSchedule, SendSettings, ServeSettings,
    SimulatorServer, TradeFile, TradeStore,
};
use tokio::net::TcpListener;

use super::{DeliveryEnding, order, real_keys, target};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on; port 0 takes a free port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A merchant to serve; can be given several times [default: all configured merchants].
    #[arg(long, value_name = "NAME")]
    merchant: Vec<String>,
    /// The file that keeps the trades, shared with the other verbs [default: simulator-trades.json beside
    /// the configuration].
    #[arg(long, value_name = "FILE")]
    trades: Option<PathBuf>,
    /// Alipay's private key, which signs RSA and RSA2 (see keygen).
    #[arg(long, value_name = "FILE", env = "SIMULATOR_PRIVATE_KEY")]
    alipay_private_key: Option<PathBuf>,
    /// A certificate of Alipay, for merchants in certificate mode; can be given several times. Answers name the
    /// one that belongs to --alipay-private-key; each can be downloaded [default: the merchant's
    /// own alipay_public_keys].
    #[arg(long, value_name = "FILE", requires = "alipay_private_key")]
    alipay_certificate: Vec<PathBuf>,
    /// The base URL for trades without a notify_url; /alipay/NAME/notify is appended
    /// [default: http://<ingress.listen>].
    #[arg(long, value_name = "URL")]
    ingress: Option<String>,
    /// The CA file (PEM) that verifies notify URLs with https [default: the public CAs].
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Divide Alipay's intervals between repeats (4m 10m 10m 1h 2h 6h 15h) by this factor.
    #[arg(long, value_name = "FACTOR", default_value = "240",
          value_parser = clap::value_parser!(u32).range(1..))]
    speed: u32,
    /// Fault: this share of the notifications has this fault, for example drop=20%; can be given several
    /// times. Faults: duplicate, reorder, delay, drop, wrong-amount, wrong-app, corrupt, gbk,
    /// slow-body, half-body.
    #[arg(long, value_name = "FAULT=PERCENT", value_parser = fault)]
    fault: Vec<(Fault, u8)>,
    /// A merchant of the legacy gateway whose pay links need an anti_phishing_key; can be given several
    /// times.
    #[arg(long, value_name = "NAME")]
    demand_anti_phishing_key: Vec<String>,
    /// A merchant of the legacy gateway whose pay links need an exter_invoke_ip; can be given several
    /// times.
    #[arg(long, value_name = "NAME")]
    demand_exter_invoke_ip: Vec<String>,
    /// Send a notification for every trade that times out; without this only for those opened by
    /// alipay.trade.wap.pay, as Alipay does.
    #[arg(long)]
    tell_timeouts: bool,
    /// A name that browsers use: NAME for https://NAME, or with scheme and port; can be given several times;
    /// not needed for localhost and addresses.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Also sign with an md5_key that may be a real one. Every system with the same key then accepts these
    /// signatures as Alipay's.
    #[arg(long)]
    allow_real_keys: bool,
    /// Fault: delay every answer of the gateway, for example by 3s.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = super::time)]
    gateway_delay: Duration,
    /// Fault: answer this share of the gateway's requests with 503, for example 20%.
    #[arg(long, value_name = "PERCENT", default_value = "0%", value_parser = simulator::percent)]
    gateway_fail: u8,
    /// Fault: give the gateway's answers a wrong signature.
    #[arg(long)]
    gateway_wrong_signature: bool,
}

impl Serve {
    pub(super) async fn run(self, config: Option<&Path>) -> anyhow::Result<DeliveryEnding> {
        service::telemetry::init("simulator");
        let loaded = Config::load(config)?;
        loaded.require_merchants()?;
        let accounts = self.accounts(&loaded)?;
        let file = TradeFile::new(order::trade_file(self.trades.clone(), config));
        // A file that holds something else is an error now and not at the first question.
        file.read()?;
        let settings = ServeSettings {
            gateway: GatewayFaults {
                delay: self.gateway_delay,
                fail_percent: self.gateway_fail,
                wrong_signature: self.gateway_wrong_signature,
            },
            sending: SendSettings {
                schedule: RepeatSchedule::alipay(self.speed),
                ingress: match &self.ingress {
                    Some(url) => Some(url.trim_end_matches('/').to_owned()),
                    None => target::ingress(loaded.ingress.listen),
                },
                trust: super::trust(self.ca.as_deref())?,
                faults: self.fault.iter().copied().collect(),
                ..SendSettings::default()
            },
            tell_timeouts: self.tell_timeouts,
            names: PageGuard::new(&self.host).context("--host")?,
            ..ServeSettings::default()
        };
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("--listen {}", self.listen))?;
        let url = format!("http://{}", listener.local_addr()?);
        let shutdown = service::shutdown::on_signals();
        writeln!(io::stdout(), "simulator ready url={url} gateway={url}/gateway.do")?;
        io::stdout().flush()?;
        SimulatorServer::new(accounts, TradeStore::of_file(file), settings)
            .run(listener, shutdown)
            .await;
        Ok(DeliveryEnding::Success)
    }

    fn accounts(&self, config: &Config) -> anyhow::Result<Vec<Account>> {
        let key =
            self.alipay_private_key.as_deref().map(simulator::read_private_key).transpose()?;
        let read = |file: &PathBuf| {
            std::fs::read_to_string(file).with_context(|| file.display().to_string())
        };
        let certificates: Vec<String> =
            self.alipay_certificate.iter().map(read).collect::<anyhow::Result<_>>()?;
        let names: Vec<&String> = match self.merchant.is_empty() {
            true => config.merchants.keys().collect(),
            false => self.merchant.iter().collect(),
        };
        for name in self.demand_anti_phishing_key.iter().chain(&self.demand_exter_invoke_ip) {
            anyhow::ensure!(names.contains(&name), "merchants.{name} is not served");
        }
        let account = |name: &String| {
            let configured = config.merchant(name);
            let configured = configured
                .ok_or_else(|| anyhow!("merchants.{name} is not in the configuration"))?;
            real_keys::check(configured, self.allow_real_keys)?;
            let others = configured.alipay_root_cert.is_some() && !certificates.is_empty();
            // What a merchant that does not know Alipay's certificate would refuse.
            let sign_type = others.then_some(SignType::Rsa2);
            let account = Account::new(configured, key.as_ref(), sign_type)
                .and_then(|account| match others {
                    true => account.with_alipay_certificates(&certificates),
                    false => Ok(account),
                })
                .with_context(|| format!("merchants.{name}"))?;
            Ok(account.demanding(Demands {
                anti_phishing_key: self.demand_anti_phishing_key.contains(name),
                exter_invoke_ip: self.demand_exter_invoke_ip.contains(name),
            }))
        };
        names.into_iter().map(account).collect()
    }
}

/// Reads `drop=20%`.
fn fault(text: &str) -> anyhow::Result<(Fault, u8)> {
    let (word, share) = text.split_once('=').context("expected FAULT=PERCENT, like drop=20%")?;
    Ok((word.parse()?, simulator::percent(share).map_err(anyhow::Error::msg)?))
}

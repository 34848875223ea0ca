//! Whom to notify, where and with which key.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use alipay::{SignType, Signer};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use config::Config;
use hyper::Uri;
use simulator::{Account, MerchantIdentity};

use super::real_keys;

#[derive(Debug, Args)]
pub(super) struct TargetArguments {
    /// The merchant's name in the configuration; not needed if there is only one.
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// The notify URL [default: http://<ingress.listen>/alipay/NAME/notify].
    #[arg(long, value_name = "URL")]
    to: Option<Uri>,
    /// Alipay's private key, which signs RSA and RSA2 (see keygen).
    #[arg(long, value_name = "FILE", env = "SIMULATOR_PRIVATE_KEY")]
    alipay_private_key: Option<PathBuf>,
    /// Also sign with an md5_key that may be a real one. Every system with the same key then accepts these
    /// signatures as Alipay's.
    #[arg(long)]
    allow_real_keys: bool,
    /// The signature algorithm [default: one that the merchant's configuration verifies].
    #[arg(long, value_name = "MD5|RSA|RSA2")]
    sign_type: Option<SignType>,
}

/// The arguments together with the configuration.
#[derive(Debug)]
pub(super) struct DeliveryTarget {
    pub(super) name: String,
    pub(super) merchant: MerchantIdentity,
    pub(super) signer: Signer,
    to: Option<Uri>,
}

impl DeliveryTarget {
    /// Where notifications go.
    pub(super) fn to(&self) -> anyhow::Result<&Uri> {
        self.to.as_ref().context("--to is needed: ingress.listen takes a free port")
    }
}

impl TargetArguments {
    pub(super) fn resolve(self, config: Option<&Path>) -> anyhow::Result<DeliveryTarget> {
        let config = Config::load(config)?;
        config.require_merchants()?;
        let configured = match &self.merchant {
            Some(name) => config
                .merchant(name)
                .ok_or_else(|| anyhow!("merchants.{name} is not in the configuration"))?,
            None => config
                .only_merchant()
                .ok_or_else(|| anyhow!("--merchant is needed: several are configured"))?,
        };
        real_keys::check(configured, self.allow_real_keys)?;
        let name = configured.name.clone();
        let key =
            self.alipay_private_key.as_deref().map(simulator::read_private_key).transpose()?;
        let account = Account::new(configured, key.as_ref(), self.sign_type)
            .with_context(|| format!("merchants.{name}"))?;
        let to = match self.to {
            Some(to) => Some(to),
            None => default_url(config.ingress.listen, &name)?,
        };
        if let Some(to) = &to
            && (!matches!(to.scheme_str(), Some("http" | "https")) || to.authority().is_none())
        {
            bail!("--to {to}: expected http://HOST:PORT/PATH or https://HOST/PATH");
        }
        Ok(DeliveryTarget { name, merchant: account.merchant, signer: account.signer, to })
    }
}

/// The notify URL of an ingress on this machine.
fn default_url(listen: SocketAddr, name: &str) -> anyhow::Result<Option<Uri>> {
    let Some(base) = ingress(listen) else { return Ok(None) };
    Ok(Some(format!("{base}/alipay/{name}/notify").parse()?))
}

/// The address of an ingress on this machine, `http://HOST:PORT`; none where the configuration
/// lets it take a free port.
pub(super) fn ingress(listen: SocketAddr) -> Option<String> {
    let mut address = listen;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    (listen.port() != 0).then(|| format!("http://{address}"))
}

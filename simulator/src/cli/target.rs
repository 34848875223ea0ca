//! Whom to notify, where and with which key.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use alipay::{Protocol, SignType, Signer};
use anyhow::{Context, anyhow, bail};
use chrono::Utc;
use clap::Args;
use hyper::Uri;
use service::config::{self, Config};
use simulator::{Merchant, Trade};

/// A seller for a configuration that names none, which only the Open Platform allows.
const ANY_SELLER: &str = "2088000000000002";

#[derive(Debug, Args)]
pub(super) struct TargetArguments {
    /// The merchant's name in the configuration; may be left out when there is only one.
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// The notify URL [default: http://<ingress.listen>/alipay/NAME/notify].
    #[arg(long, value_name = "URL")]
    to: Option<Uri>,
    /// Alipay's private key, which signs RSA and RSA2 (see keygen).
    #[arg(long, value_name = "FILE", env = "SIMULATOR_PRIVATE_KEY")]
    alipay_private_key: Option<PathBuf>,
    /// The signature algorithm [default: one that the merchant's configuration verifies].
    #[arg(long, value_name = "MD5|RSA|RSA2")]
    sign_type: Option<SignType>,
}

/// The arguments together with the configuration.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) merchant: Merchant,
    pub(super) signer: Signer,
    pub(super) to: Uri,
}

impl TargetArguments {
    pub(super) fn resolve(self, config: Option<&Path>) -> anyhow::Result<Target> {
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
        let name = configured.name.clone();
        let merchant = merchant(configured);
        let key = self.alipay_private_key.as_deref();
        let signer = signer(configured, &merchant, key, self.sign_type)
            .with_context(|| format!("merchants.{name}"))?;
        let to = match self.to {
            Some(to) => to,
            None => default_url(config.ingress.listen, &name)?,
        };
        if to.scheme_str() != Some("http") || to.authority().is_none() {
            bail!("--to {to}: expected http://HOST:PORT/PATH (TLS ends at the proxy in front)");
        }
        Ok(Target { name, merchant, signer, to })
    }
}

fn merchant(configured: &config::Merchant) -> Merchant {
    let seller_id = configured.seller_id.as_deref().unwrap_or(ANY_SELLER);
    let merchant = match configured.protocol {
        Protocol::Mapi => Merchant::mapi(seller_id),
        Protocol::Openapi => {
            Merchant::openapi(configured.app_id.as_deref().unwrap_or_default(), seller_id)
        }
    };
    merchant.with_charset(configured.charset)
}

/// The signer asked for, or else one that this merchant's own verifier accepts: a wrong key shows
/// here and not as a puzzling `fail`.
fn signer(
    configured: &config::Merchant,
    merchant: &Merchant,
    private_key: Option<&Path>,
    sign_type: Option<SignType>,
) -> anyhow::Result<Signer> {
    let private_key = private_key.map(simulator::read_private_key).transpose()?;
    let rsa2 = private_key.clone().map(Signer::Rsa2);
    let rsa = private_key.map(Signer::Rsa);
    let md5 = configured.md5_key.clone().map(Signer::Md5);
    if let Some(sign_type) = sign_type {
        let (signer, needed) = match sign_type {
            SignType::Md5 => (md5, "md5_key in the configuration"),
            SignType::Rsa => (rsa, "--alipay-private-key"),
            SignType::Rsa2 => (rsa2, "--alipay-private-key"),
        };
        return signer.ok_or_else(|| anyhow!("--sign-type {sign_type} needs {needed}"));
    }
    let now = Utc::now();
    let mut refused = Vec::new();
    for signer in [rsa2, rsa, md5].into_iter().flatten() {
        let mut trade = Trade::open(merchant, "probe", alipay::Fen::new(1), now);
        let probe = trade.pay(now)?.sign(&signer)?;
        match configured.verifier.verify(probe.form(), &[]) {
            Ok(_) => return Ok(signer),
            Err(error) => refused.push(format!("{}: {error}", signer.sign_type())),
        }
    }
    match refused.as_slice() {
        [] => bail!("nothing to sign with: give --alipay-private-key FILE (see simulator keygen)"),
        refused => bail!(
            "its configuration verifies nothing that the simulator can sign ({}); does \
             --alipay-private-key belong to alipay_public_keys?",
            refused.join("; ")
        ),
    }
}

/// The notify URL of an ingress on this machine.
fn default_url(listen: SocketAddr, name: &str) -> anyhow::Result<Uri> {
    if listen.port() == 0 {
        bail!("--to is needed: ingress.listen takes a free port");
    }
    let mut address = listen;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    Ok(format!("http://{address}/alipay/{name}/notify").parse()?)
}

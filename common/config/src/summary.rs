//! What a program runs with, as text that holds no secret: to compare it with a configuration that is to come.
//!
//! Keys are named by their fingerprints (of a private key that of its public key, of a certificate its number), URLs without
//! user and password.

use std::collections::BTreeMap;

use alipay::Md5Key;
use serde::{Deserialize, Serialize};

use crate::keys_in_use::keys_in_use;
use crate::{Config, Merchant, Secret};

/// The settings of a merchant by the names of their keys; what is not set is left out.
pub type Settings = BTreeMap<String, String>;

/// What a program runs with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigSummary {
    /// `ingress` or `worker`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The sections besides the merchants. A restart reads them again, SIGHUP does not.
    pub sections: BTreeMap<String, String>,
    /// The merchants by name.
    pub merchants: BTreeMap<String, Settings>,
}

impl ConfigSummary {
    /// What this program runs with, or would.
    pub fn of(program: &str, config: &Config) -> ConfigSummary {
        let merchants = config.merchants.values();
        ConfigSummary {
            program: program.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sections: sections(config),
            merchants: merchants.map(|it| (it.name.clone(), settings(it))).collect(),
        }
    }

    /// What would be another setting with `next`.
    pub fn difference(&self, next: &ConfigSummary) -> ConfigDifference {
        let missing_in = |other: &ConfigSummary, one: &ConfigSummary| -> Vec<String> {
            one.merchants
                .keys()
                .filter(|name| !other.merchants.contains_key(*name))
                .cloned()
                .collect()
        };
        let mut changed = Vec::new();
        for (merchant, runs) in &self.merchants {
            let Some(next) = next.merchants.get(merchant) else { continue };
            let mut keys: Vec<&String> = runs.keys().chain(next.keys()).collect();
            keys.sort();
            keys.dedup();
            changed.extend(keys.into_iter().filter(|key| runs.get(*key) != next.get(*key)).map(
                |key| ChangedSetting {
                    merchant: merchant.clone(),
                    setting: key.clone(),
                    runs: runs.get(key).cloned(),
                    next: next.get(key).cloned(),
                },
            ));
        }
        let differs = |name: &&String| self.sections.get(*name) != next.sections.get(*name);
        ConfigDifference {
            added: missing_in(self, next),
            removed: missing_in(next, self),
            changed,
            restart: self.sections.keys().filter(differs).cloned().collect(),
        }
    }
}

/// What would change for a running program.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ConfigDifference {
    /// Merchants that SIGHUP would add.
    pub added: Vec<String>,
    /// Merchants that it would remove.
    pub removed: Vec<String>,
    /// Settings of merchants that it would change.
    pub changed: Vec<ChangedSetting>,
    /// Sections that differ and need a restart.
    pub restart: Vec<String>,
}

/// One setting of a merchant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedSetting {
    /// The merchant.
    pub merchant: String,
    /// The key in its section.
    pub setting: String,
    /// As the program runs; none: not set.
    pub runs: Option<String>,
    /// As it would be.
    pub next: Option<String>,
}

/// The settings of a merchant.
pub fn settings(merchant: &Merchant) -> Settings {
    let keys = keys_in_use(merchant);
    let of = |setting: &'static str| {
        let those = keys.iter().filter(|key| key.setting == setting);
        joined(those.map(|key| match key.until {
            Some(until) => format!("{} until {}", key.fingerprint, until.to_rfc3339()),
            None => key.fingerprint.clone(),
        }))
    };
    let sign_types = merchant.sign_types.iter().map(ToString::to_string);
    let all = [
        ("protocol", Some(merchant.protocol.to_string())),
        ("seller_id", merchant.seller_id.clone()),
        ("app_id", merchant.app_id.clone()),
        ("partner", merchant.partner.clone()),
        ("sign_types", joined(sign_types)),
        ("md5_key", of("md5_key")),
        ("md5_old_key", of("md5_old_key")),
        ("alipay_public_keys", of("alipay_public_keys")),
        ("retired_keys", of("retired_keys")),
        ("private_key", of("private_key")),
        ("app_cert", of("app_cert")),
        ("alipay_root_cert", of("alipay_root_cert")),
        ("app_auth_token", merchant.app_auth_token.as_ref().map(fingerprint)),
        ("charset", Some(merchant.charset.name().to_owned())),
        ("ignore_params", joined(merchant.ignore_params.iter().cloned())),
        ("notify_verify", Some(<&str>::from(merchant.notify_verify).to_owned())),
        ("late_payment", Some(<&str>::from(merchant.late_payment).to_owned())),
        ("longest_time_to_pay", merchant.longest_time_to_pay.map(|longest| format!("{longest:?}"))),
        ("confirm", Some(merchant.confirm.to_string())),
        ("gateway", Some(merchant.gateway.clone())),
        ("return_to", merchant.return_to.clone()),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

fn joined(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// Of a token, which is long and random as an MD5 key is.
fn fingerprint(token: &Secret) -> String {
    Md5Key::new(token.expose_secret()).fingerprint()
}

fn sections(config: &Config) -> BTreeMap<String, String> {
    let (database, amqp) = (&config.database, &config.amqp);
    let authorities = |count: Option<usize>| {
        count.map_or(String::new(), |count| format!(", {count} authorities"))
    };
    let servers: Vec<&str> = amqp.urls.iter().map(server).collect();
    let sections = [
        (
            "database",
            format!(
                "{}, {:?}{}",
                server(&database.url),
                database.tls,
                authorities(database.ca.as_ref().map(Vec::len))
            ),
        ),
        (
            "amqp",
            format!(
                "{}{}, client certificate {}, user_id {}, {:?}",
                servers.join(", "),
                authorities(amqp.ca.as_ref().map(Vec::len)),
                amqp.client.is_some(),
                amqp.user_id,
                amqp.publishers
            ),
        ),
        ("queue", format!("{:?}", config.queue)),
        ("ingress", format!("{:?}", config.ingress)),
        ("worker", format!("{:?}", config.worker)),
        ("events", format!("{:?}", config.events)),
        ("retention", format!("{:?}", config.retention)),
        ("orders", format!("{:?}", config.orders)),
    ];
    sections.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// What is behind the last `@` of a URL: no user, no password. Of several in one text the last one's.
fn server(url: &Secret) -> &str {
    let url = url.expose_secret();
    url.rsplit_once('@').or_else(|| url.split_once("://")).map_or("", |(_, server)| server)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::ConfigSummary;
    use crate::Config;

    fn summary(variables: &[(&str, &str)]) -> ConfigSummary {
        let shop = [
            ("ALIPAY__MERCHANTS__SHOP__PROTOCOL", "mapi"),
            ("ALIPAY__MERCHANTS__SHOP__SELLER_ID", "2088"),
            ("ALIPAY__MERCHANTS__SHOP__SIGN_TYPES", "MD5"),
            ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", "hello"),
        ];
        let all = shop.iter().chain(variables);
        let all = all.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        ConfigSummary::of("worker", &Config::load_from(None, all).unwrap())
    }

    #[test]
    fn nothing_secret_is_in_it() {
        let summary = summary(&[
            ("DATABASE_URL", "mysql://alipay:hunter2@db/alipay"),
            ("AMQP_URL", "amqp://a:hunter2@one/%2f,amqp://a:hun,ter2@two/%2f"),
            ("ALIPAY__MERCHANTS__SHOP__MD5_OLD_KEY", "hellp"),
        ]);
        let text = serde_json::to_string(&summary).unwrap();
        for secret in ["hunter2", "hello", "hellp", "ter2", "hun,"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        let shop = &summary.merchants["shop"];
        // The fingerprint of `hello`, by which messages name it.
        assert_eq!(shop["md5_key"], "98a825259b4632b5");
        assert_ne!(shop["md5_old_key"], shop["md5_key"]);
        assert!(summary.sections["database"].starts_with("db/alipay"), "{text}");
        assert_eq!(serde_json::from_str::<ConfigSummary>(&text).unwrap(), summary);
    }

    #[test]
    fn what_differs_is_told() {
        let runs = summary(&[]);
        assert_eq!(runs.difference(&runs), super::ConfigDifference::default());
        let next = summary(&[
            ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", "hellp"),
            ("ALIPAY__MERCHANTS__SHOP__MD5_OLD_KEY", "hello"),
            ("ALIPAY__WORKER__BATCH", "7"),
            ("ALIPAY__MERCHANTS__NEW__PROTOCOL", "mapi"),
            ("ALIPAY__MERCHANTS__NEW__SELLER_ID", "2089"),
            ("ALIPAY__MERCHANTS__NEW__SIGN_TYPES", "MD5"),
            ("ALIPAY__MERCHANTS__NEW__MD5_KEY", "x"),
        ]);
        let difference = runs.difference(&next);
        assert_eq!(difference.added, ["new"]);
        assert_eq!(difference.restart, ["worker"]);
        let changed: Vec<_> = difference.changed.iter().map(|it| it.setting.as_str()).collect();
        assert_eq!(changed, ["md5_key", "md5_old_key"]);
        assert_eq!(difference.changed[1].runs, None);
        assert_eq!(next.difference(&runs).removed, ["new"]);
    }
}

//! Which keys a merchant is served with, by fingerprint: for logs, `ops config`, and to compare two configurations.

use std::fmt;

use alipay::Certificate;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::Merchant;

/// A key of a merchant, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyInUse {
    /// The setting in the merchant's section.
    pub setting: &'static str,
    /// 16 hex digits: of a public key the beginning of the SHA-256 of its SPKI
    /// ([`alipay::PublicKey::short_fingerprint`]), of a private key that of its public key, of an MD5 key
    /// [`alipay::Md5Key::fingerprint`]. Of a certificate Alipay's number of it (`cert_sn`). None of them is secret.
    pub fingerprint: String,
    /// The end of a retired key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl fmt::Display for KeyInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.setting, self.fingerprint)?;
        match self.until {
            Some(until) => write!(f, " until {}", until.to_rfc3339_opts(SecondsFormat::Secs, true)),
            None => Ok(()),
        }
    }
}

/// The keys of a merchant, in the order of the settings; of one setting in the order of the configuration.
pub fn keys_in_use(merchant: &Merchant) -> Vec<KeyInUse> {
    let marks = merchant.verifier.key_marks();
    let (retired, current): (Vec<_>, Vec<_>) =
        marks.into_iter().partition(|mark| mark.until.is_some());
    let (md5, public): (Vec<_>, Vec<_>) = current.into_iter().partition(|mark| mark.is_md5);
    let key = |setting, fingerprint| KeyInUse { setting, fingerprint, until: None };
    let mut keys = Vec::new();
    let md5_settings = ["md5_key", "md5_old_key"];
    keys.extend(md5_settings.into_iter().zip(md5).map(|(name, mark)| key(name, mark.fingerprint)));
    keys.extend(public.into_iter().map(|mark| key("alipay_public_keys", mark.fingerprint)));
    keys.extend(retired.into_iter().map(|mark| KeyInUse {
        setting: "retired_keys",
        fingerprint: mark.fingerprint,
        until: mark.until,
    }));
    let private = merchant.private_key.as_ref();
    keys.extend(private.map(|it| key("private_key", it.public_key().short_fingerprint())));
    let app = merchant.app_cert.as_ref();
    keys.extend(app.map(|it| key("app_cert", Certificate::sn(it).to_owned())));
    let roots = merchant.alipay_root_cert.as_ref();
    keys.extend(roots.map(|it| key("alipay_root_cert", it.sn())));
    keys
}

/// The same in one line, for a log: `md5_key 98a825259b4632b5, private_key 0123456789abcdef`.
pub fn listed(merchant: &Merchant) -> String {
    let keys = keys_in_use(merchant);
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{keys_in_use, listed};
    use crate::Config;

    const PUBLIC: &str = include_str!("../tests/keys/rsa1024.pub.pem");
    const PRIVATE: &str = include_str!("../tests/keys/rsa2048.key.pem");

    fn config(variables: &[(&str, &str)]) -> Config {
        let all = variables.iter().map(|(name, value)| {
            (OsString::from(format!("ALIPAY__MERCHANTS__{name}")), OsString::from(value))
        });
        Config::load_from(None, all).unwrap()
    }

    #[test]
    fn every_key_has_its_setting_and_its_fingerprint() {
        let config = config(&[
            ("SHOP__PROTOCOL", "mapi"),
            ("SHOP__SELLER_ID", "2088"),
            ("SHOP__SIGN_TYPES", "MD5,RSA"),
            ("SHOP__MD5_KEY", "hello"),
            ("SHOP__MD5_OLD_KEY", "hellp"),
            ("SHOP__ALIPAY_PUBLIC_KEYS", PUBLIC),
            ("SHOP__PRIVATE_KEY", PRIVATE),
        ]);
        let shop = &config.merchants["shop"];
        let print = alipay::PublicKey::read(PUBLIC).unwrap().short_fingerprint();
        let own = include_str!("../tests/keys/rsa2048.pub.pem");
        // A private key is named by its public key.
        let own = alipay::PublicKey::read(own).unwrap().short_fingerprint();
        let old = alipay::Md5Key::new("hellp").fingerprint();
        let keys = keys_in_use(shop);
        let found: Vec<_> =
            keys.iter().map(|key| (key.setting, key.fingerprint.as_str())).collect();
        assert_eq!(
            found,
            [
                ("md5_key", "98a825259b4632b5"),
                ("md5_old_key", old.as_str()),
                ("alipay_public_keys", print.as_str()),
                ("private_key", own.as_str()),
            ]
        );
        let line = listed(shop);
        assert!(line.starts_with("md5_key 98a825259b4632b5, md5_old_key "), "{line}");
        assert!(!line.contains("hell") && !line.contains("BEGIN"), "{line}");
    }
}

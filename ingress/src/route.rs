//! From a path to a callback and a merchant.

use config::{Config, Merchant};

use crate::Refusal;

/// Which of the two addresses of a merchant that Alipay knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callback {
    /// Where Alipay POSTs its notifications.
    Notify,
    /// Where a buyer's browser comes back to.
    Return,
}

/// A callback, and the merchant that the path names; no name in the short path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) callback: Callback,
    merchant: Option<&'a str>,
}

/// Reads a path; `None` if there is no such path.
///
/// Merchant names hold no character that would be percent-encoded in a path, so nothing is decoded.
pub(crate) fn read(path: &str) -> Option<Route<'_>> {
    let mut segments = path.split('/');
    let segments = [(); 5].map(|()| segments.next());
    let (merchant, page) = match segments {
        [Some(""), Some("alipay"), Some(name), Some(page), None] => (Some(name), page),
        [Some(""), Some("alipay"), Some(page), None, None] => (None, page),
        _ => return None,
    };
    let callback = match page {
        "notify" => Callback::Notify,
        "return" => Callback::Return,
        _ => return None,
    };
    Some(Route { callback, merchant })
}

impl Route<'_> {
    /// The path with its variable part by name.
    pub(crate) fn template(&self) -> &'static str {
        match (self.callback, self.merchant) {
            (Callback::Notify, Some(_)) => "/alipay/{merchant}/notify",
            (Callback::Notify, None) => "/alipay/notify",
            (Callback::Return, Some(_)) => "/alipay/{merchant}/return",
            (Callback::Return, None) => "/alipay/return",
        }
    }

    /// The merchant whose callback this is.
    ///
    /// # Errors
    /// No such merchant, or none is named and there are several.
    pub(crate) fn merchant<'c>(&self, config: &'c Config) -> Result<&'c Merchant, Refusal> {
        let merchant = match self.merchant {
            Some(name) => config.merchant(name),
            None => config.only_merchant(),
        };
        merchant.ok_or(Refusal::UnknownMerchant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(names: &[&str]) -> Config {
        let mut variables = Vec::new();
        for (at, name) in names.iter().enumerate() {
            for (key, value) in [
                ("PROTOCOL", "mapi".to_owned()),
                ("SELLER_ID", format!("208800000000000{at}")),
                ("SIGN_TYPES", "MD5".to_owned()),
                ("MD5_KEY", "x".to_owned()),
            ] {
                variables.push((format!("ALIPAY__MERCHANTS__{name}__{key}").into(), value.into()));
            }
        }
        Config::load_from(None, variables).unwrap()
    }

    fn found(config: &Config, path: &str) -> String {
        let Some(route) = read(path) else { return "not_found".to_owned() };
        match route.merchant(config) {
            Ok(merchant) => format!("{:?} {}", route.callback, merchant.name),
            Err(refusal) => refusal.reason().to_owned(),
        }
    }

    #[test]
    fn paths() {
        let config = config(&["one", "two"]);
        for (path, expected) in [
            ("/alipay/one/notify", "Notify one"),
            ("/alipay/two/notify", "Notify two"),
            ("/alipay/two/return", "Return two"),
            ("/alipay/three/notify", "unknown_merchant"),
            ("/alipay/ONE/notify", "unknown_merchant"),
            ("/alipay/ONE/return", "unknown_merchant"),
            ("/alipay/notify", "unknown_merchant"),
            ("/alipay/return", "unknown_merchant"),
            ("/alipay//notify", "unknown_merchant"),
            ("/alipay/one/notify/", "not_found"),
            ("/alipay/one/return/", "not_found"),
            ("//alipay/one/notify", "not_found"),
            ("/alipay/one/Return", "not_found"),
            ("/alipay/one", "not_found"),
            ("/alipay/one/notify/x/y", "not_found"),
            ("/", "not_found"),
            ("*", "not_found"),
            ("", "not_found"),
        ] {
            assert_eq!(found(&config, path), expected, "{path}");
        }
    }

    #[test]
    fn the_short_path_needs_exactly_one_merchant() {
        let config = config(&["one"]);
        assert_eq!(found(&config, "/alipay/notify"), "Notify one");
        assert_eq!(found(&config, "/alipay/return"), "Return one");
    }
}

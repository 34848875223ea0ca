//! From a path to a merchant.

use hyper::Method;
use service::Config;
use service::config::Merchant;

use crate::Refusal;

/// The merchant whose notify URL this is. The URL's query plays no part.
///
/// Merchant names hold no character that would be percent-encoded in a path, so nothing is decoded.
pub(crate) fn find<'a>(
    config: &'a Config,
    method: &Method,
    path: &str,
) -> Result<&'a Merchant, Refusal> {
    let mut segments = path.split('/');
    let segments = [(); 5].map(|()| segments.next());
    let merchant = match segments {
        [Some(""), Some("alipay"), Some(name), Some("notify"), None] => config.merchant(name),
        [Some(""), Some("alipay"), Some("notify"), None, None] => config.only_merchant(),
        _ => return Err(Refusal::NotFound),
    };
    let merchant = merchant.ok_or(Refusal::UnknownMerchant)?;
    if method == Method::POST { Ok(merchant) } else { Err(Refusal::MethodNotAllowed) }
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

    fn reason(config: &Config, method: &Method, path: &str) -> &'static str {
        find(config, method, path).map_or_else(|refusal| refusal.reason(), |_| "found")
    }

    #[test]
    fn paths() {
        let config = config(&["one", "two"]);
        for (path, expected) in [
            ("/alipay/one/notify", "found"),
            ("/alipay/two/notify", "found"),
            ("/alipay/three/notify", "unknown_merchant"),
            ("/alipay/ONE/notify", "unknown_merchant"),
            ("/alipay/notify", "unknown_merchant"),
            ("/alipay//notify", "unknown_merchant"),
            ("/alipay/one/notify/", "not_found"),
            ("//alipay/one/notify", "not_found"),
            ("/alipay/one/return", "not_found"),
            ("/alipay/one", "not_found"),
            ("/alipay/one/notify/x/y", "not_found"),
            ("/", "not_found"),
            ("*", "not_found"),
            ("", "not_found"),
        ] {
            assert_eq!(reason(&config, &Method::POST, path), expected, "{path}");
        }
        assert_eq!(reason(&config, &Method::GET, "/alipay/one/notify"), "method_not_allowed");
        assert_eq!(reason(&config, &Method::GET, "/alipay/one/return"), "not_found");
    }

    #[test]
    fn the_short_path_needs_exactly_one_merchant() {
        let config = config(&["one"]);
        let found = find(&config, &Method::POST, "/alipay/notify").unwrap();
        assert_eq!(found.name, "one");
    }
}

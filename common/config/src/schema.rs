//! The table of all keys: what exists, and of what type each value is.

/// Type of a key's value. It decides how the text of an environment variable is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Text,
    /// Text that is never printed.
    Secret,
    /// A list of text.
    Texts,
    /// A list of text; in TOML one text stands for a list of one.
    OneOrMore,
    /// A list of tables whose values are texts. They may be secrets.
    Tables,
    /// A whole number from `least` to `most`.
    Number { least: u64, most: u64 },
    /// `true` or `false`.
    Switch,
    /// Time with a unit, above zero.
    Duration,
    /// `IP:PORT`; empty text means off.
    Address,
}

/// One key of the configuration.
#[derive(Debug)]
pub(super) struct Key {
    /// The section; [`MERCHANTS`] for a key of each merchant.
    pub(super) section: &'static str,
    /// The name inside the section.
    pub(super) name: &'static str,
    /// The type of its value.
    pub(super) kind: Kind,
}

/// The section whose tables are named by the user.
pub(super) const MERCHANTS: &str = "merchants";

/// Sections in the order of the reference.
pub(super) const SECTIONS: [&str; 6] =
    ["database", "amqp", "ingress", "worker", "events", MERCHANTS];

const fn key(section: &'static str, name: &'static str, kind: Kind) -> Key {
    Key { section, name, kind }
}

const fn up_to(most: u64) -> Kind {
    Kind::Number { least: 1, most }
}

/// Every key there is.
pub(super) const KEYS: &[Key] = &[
    key("database", "url", Kind::Secret),
    key("database", "url_file", Kind::Text),
    key("database", "tls", Kind::Text),
    key("database", "ca_file", Kind::Text),
    key("amqp", "url", Kind::Secret),
    key("amqp", "url_file", Kind::Text),
    key("amqp", "urls", Kind::Texts),
    key("amqp", "ca_file", Kind::Text),
    key("amqp", "client_cert_file", Kind::Text),
    key("amqp", "client_key_file", Kind::Text),
    key("amqp", "management_url", Kind::Secret),
    key("amqp", "management_url_file", Kind::Text),
    key("amqp", "user_id", Kind::Switch),
    key("amqp", "ingress_users", Kind::Texts),
    key("amqp", "worker_users", Kind::Texts),
    key("amqp", "ops_users", Kind::Texts),
    key("ingress", "listen", Kind::Address),
    key("ingress", "admin_listen", Kind::Address),
    key("ingress", "max_body", up_to(16 * 1024 * 1024)),
    key("ingress", "max_in_flight", up_to(100_000)),
    key("ingress", "max_connections", up_to(100_000)),
    key("ingress", "max_connections_per_peer", up_to(100_000)),
    key("ingress", "trusted_proxies", Kind::Texts),
    key("ingress", "max_refused_per_minute", up_to(1_000_000)),
    key("ingress", "max_body_memory", up_to(16 * 1024 * 1024 * 1024)),
    key("ingress", "first_byte_timeout", Kind::Duration),
    key("ingress", "confirm_timeout", Kind::Duration),
    key("ingress", "header_timeout", Kind::Duration),
    key("ingress", "body_timeout", Kind::Duration),
    key("ingress", "connection_timeout", Kind::Duration),
    key("ingress", "shutdown_timeout", Kind::Duration),
    key("ingress", "notify_verify_timeout", Kind::Duration),
    key("ingress", "lanes", up_to(256)),
    key("ingress", "least_privilege", Kind::Switch),
    key("worker", "batch", up_to(4096)),
    key("worker", "lanes", up_to(256)),
    key("worker", "database_timeout", Kind::Duration),
    key("worker", "queries", Kind::Switch),
    key("worker", "query_unpaid_after", Kind::Duration),
    key("worker", "query_silent_after", Kind::Duration),
    key("worker", "query_timeout", Kind::Duration),
    key("worker", "stock_overtake_limit", Kind::Duration),
    key("worker", "admin_listen", Kind::Address),
    key("events", "enabled", Kind::Switch),
    key(MERCHANTS, "protocol", Kind::Text),
    key(MERCHANTS, "seller_id", Kind::Text),
    key(MERCHANTS, "app_id", Kind::Text),
    key(MERCHANTS, "partner", Kind::Text),
    key(MERCHANTS, "sign_types", Kind::Texts),
    key(MERCHANTS, "md5_key", Kind::Secret),
    key(MERCHANTS, "md5_key_file", Kind::Text),
    key(MERCHANTS, "md5_old_key", Kind::Secret),
    key(MERCHANTS, "md5_old_key_file", Kind::Text),
    key(MERCHANTS, "alipay_public_keys", Kind::Texts),
    key(MERCHANTS, "alipay_public_keys_file", Kind::OneOrMore),
    key(MERCHANTS, "retired_keys", Kind::Tables),
    key(MERCHANTS, "private_key", Kind::Secret),
    key(MERCHANTS, "private_key_file", Kind::Text),
    key(MERCHANTS, "app_cert", Kind::Secret),
    key(MERCHANTS, "app_cert_file", Kind::Text),
    key(MERCHANTS, "alipay_root_cert", Kind::Secret),
    key(MERCHANTS, "alipay_root_cert_file", Kind::Text),
    key(MERCHANTS, "app_auth_token", Kind::Secret),
    key(MERCHANTS, "app_auth_token_file", Kind::Text),
    key(MERCHANTS, "charset", Kind::Text),
    key(MERCHANTS, "ignore_params", Kind::Texts),
    key(MERCHANTS, "notify_verify", Kind::Text),
    key(MERCHANTS, "late_payment", Kind::Text),
    key(MERCHANTS, "longest_time_to_pay", Kind::Duration),
    key(MERCHANTS, "confirm", Kind::Text),
    key(MERCHANTS, "gateway", Kind::Text),
    key(MERCHANTS, "return_to", Kind::Text),
];

/// The key of this name in this section.
pub(super) fn find(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.section == section && key.name == name)
}

/// The other ways to set the same value: `md5_key` for `md5_key_file` and back; of `url` also
/// `urls`, where there is one.
pub(super) fn twins(section: &str, name: &str) -> impl Iterator<Item = &'static Key> {
    let direct = name.strip_suffix("_file").unwrap_or(name);
    let direct = if direct == "urls" { "url" } else { direct };
    let mut names = vec![direct.to_owned(), format!("{direct}_file")];
    if direct == "url" {
        names.push("urls".to_owned());
    }
    names.into_iter().filter(move |other| other != name).filter_map(|other| find(section, &other))
}

/// The name that was probably meant, among the sections (`section` is `None`) or a section's keys.
pub(super) fn nearest(section: Option<&str>, wrong: &str) -> Option<&'static str> {
    let names: Vec<&'static str> = match section {
        None => SECTIONS.to_vec(),
        Some(section) => {
            KEYS.iter().filter(|key| key.section == section).map(|key| key.name).collect()
        }
    };
    nearest_of(&wrong.to_lowercase(), names)
}

/// The name that was probably meant; none where no name is near.
pub fn nearest_of<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (distance(wrong, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map(|(_, name)| name)
}

/// Levenshtein distance: single-character changes from one text to the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let here = (left + 1).min(*cell + 1).min(diagonal + usize::from(x != *y));
            diagonal = std::mem::replace(cell, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        assert_eq!(nearest(Some("ingress"), "listn"), Some("listen"));
        assert_eq!(nearest(Some(MERCHANTS), "seler_id"), Some("seller_id"));
        assert_eq!(nearest(None, "ingres"), Some("ingress"));
        assert_eq!(nearest(Some("events"), "zzzzzzzzz"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_secret_and_its_file_are_twins() {
        let twins =
            |section, name| super::twins(section, name).map(|key| key.name).collect::<Vec<_>>();
        assert_eq!(twins(MERCHANTS, "md5_key"), ["md5_key_file"]);
        assert_eq!(twins(MERCHANTS, "alipay_public_keys_file"), ["alipay_public_keys"]);
        assert_eq!(twins("database", "url_file"), ["url"]);
        assert_eq!(twins("amqp", "url"), ["url_file", "urls"]);
        assert_eq!(twins("amqp", "urls"), ["url", "url_file"]);
        assert!(twins("ingress", "listen").is_empty());
        assert!(twins("ingress", "lanes").is_empty());
    }
}

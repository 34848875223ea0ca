//! Addresses of the console's pages, as browsers know them: below the base path, where there is one.

use std::sync::OnceLock;

use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// `console.base_path` without its last `/`. It is one for the process, which serves one console.
static BASE: OnceLock<String> = OnceLock::new();

/// Sets the base path, before the first page is made.
pub(super) fn set_base(base: &str) {
    // A second console of the process would have the same configuration.
    let _ = BASE.set(base.to_owned());
}

/// The address of a page, whose path begins with `/`. Every link, form, redirect and cookie goes through it.
pub(super) fn at(path: &str) -> String {
    format!("{}{path}", BASE.get().map_or("", String::as_str))
}

/// The address of a page about one thing: `/orders/` and its id, encoded.
pub(super) fn address(folder: &str, id: &str) -> String {
    format!("{}{}", at(folder), utf8_percent_encode(id, NON_ALPHANUMERIC))
}

/// The address of a listing with these filters; empty ones are left out.
pub(super) fn listing(path: &str, filters: &[(&str, &str)]) -> String {
    let mut address = at(path);
    let given = filters.iter().filter(|(_, value)| !value.is_empty());
    for (number, (name, value)) in given.enumerate() {
        address.push(if number == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    address
}

/// A link to an address of this server.
pub(super) fn link(address: &str, text: &str) -> Markup {
    html! { a href=(address) { (text) } }
}

/// A link to an order's page.
pub(super) fn order_link(order: &str) -> Markup {
    link(&address("/orders/", order), order)
}

#[cfg(test)]
mod tests {
    use super::{address, listing};

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(address("/orders/", "A/1?单"), "/orders/A%2F1%3F%E5%8D%95");
        assert_eq!(
            listing("/orders", &[("q", ""), ("status", "8"), ("x", "&")]),
            "/orders?status=8&x=%26"
        );
    }
}

//! Addresses of the console's pages.

use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The address of a page about one thing: `/orders/` and its id, encoded.
pub(super) fn address(folder: &str, id: &str) -> String {
    format!("{folder}{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

/// The address of a listing with these filters; empty ones are left out.
pub(super) fn listing(path: &str, filters: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let given = filters.iter().filter(|(_, value)| !value.is_empty());
    for (at, (name, value)) in given.enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    address
}

/// A link to a page of this server.
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

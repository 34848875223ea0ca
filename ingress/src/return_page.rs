//! A buyer who comes back from Alipay's page: which order it is about, and where to send the buyer.
//!
//! That a browser came back says nothing about money, so it adds no facts. It is a good time to
//! ask the gateway, so a request to do that is queued, and the buyer is redirected in any case.

use std::time::Duration;

use alipay::{Charset, Form};
use chrono::Utc;
use config::Merchant;
use queue::Envelope;

use crate::broker::Broker;
use crate::{Refusal, identity};

/// Bytes of a query. Alipay's have about 1,000.
const LONGEST_QUERY: usize = 8 * 1024;
/// A buyer waits for the broker no longer than this: the worker asks about silent orders anyway.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The order number of a return URL's query, which must be signed and for this merchant.
pub(crate) fn order(merchant: &Merchant, query: &str) -> Result<String, Refusal> {
    if query.len() > LONGEST_QUERY {
        return Err(Refusal::QueryTooLong { limit: LONGEST_QUERY });
    }
    let form = Form::parse(query.as_bytes())?;
    alipay::check_names(&form, &merchant.ignore_params)?;
    let verified = merchant.verifier.verify(&form, &merchant.ignore_params, Utc::now())?;
    let charset = Charset::of(&form, merchant.charset)?;
    identity::check(merchant, &form, verified.sign_type)?;
    Ok(alipay::returned_order(&form, charset)?)
}

/// Queues a request to ask the gateway about an order. The worker treats several as one.
pub(crate) async fn ask(
    merchant: &Merchant,
    order: &str,
    broker: &Broker,
    confirm_timeout: Duration,
) -> Result<(), Refusal> {
    let permit = broker.admit()?;
    let envelope = Envelope::query_request(&merchant.name, order, "return_page", Utc::now());
    let message_id = envelope.message_id()?;
    broker.publish(&permit, &envelope, message_id, confirm_timeout.min(LONGEST_WAIT)).await
}

/// The merchant's page with the order number as `order`, and nothing else that came with the request.
/// `None` where no page is configured.
pub(crate) fn destination(merchant: &Merchant, order: &str) -> Option<String> {
    let configured = merchant.return_to.as_deref()?;
    let (page, fragment) = match configured.find('#') {
        Some(at) => configured.split_at(at),
        None => (configured, ""),
    };
    let joint = match page {
        _ if page.ends_with(['?', '&']) => "",
        _ if page.contains('?') => "&",
        _ => "?",
    };
    let order = Form::from_pairs([("order", order)]).encode();
    Some(format!("{page}{joint}{order}{fragment}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::Config;

    fn merchant(return_to: &str) -> Merchant {
        let variables = [
            ("PROTOCOL", "mapi"),
            ("SELLER_ID", "2088000000000001"),
            ("SIGN_TYPES", "MD5"),
            ("MD5_KEY", "x"),
            ("RETURN_TO", return_to),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (format!("ALIPAY__MERCHANTS__SHOP__{key}").into(), value.into()));
        Config::load_from(None, variables).unwrap().only_merchant().unwrap().clone()
    }

    #[test]
    fn the_order_is_added_to_the_merchants_page() {
        for (return_to, order, expected) in [
            ("https://shop.example/paid", "A1", "https://shop.example/paid?order=A1"),
            ("https://shop.example/paid?a=1", "A1", "https://shop.example/paid?a=1&order=A1"),
            ("https://shop.example/?", "A1", "https://shop.example/?order=A1"),
            ("https://shop.example/?a&", "A1", "https://shop.example/?a&order=A1"),
            ("https://shop.example/#/paid?x", "A1", "https://shop.example/?order=A1#/paid?x"),
            ("/paid", "A 1&b=2#//evil\u{6d4b}", "/paid?order=A+1%26b%3D2%23%2F%2Fevil%E6%B5%8B"),
        ] {
            let found = destination(&merchant(return_to), order);
            assert_eq!(found.as_deref(), Some(expected), "{return_to}");
        }
        assert_eq!(destination(&merchant(""), "A1"), None);
    }
}

//! Addresses of the merchant that a request carries.

use super::error::{RequestError, require};

/// Longest addresses, in characters (Alipay's tables of parameters).
pub(super) const LEGACY_NOTIFY: usize = 190;
pub(super) const LEGACY_RETURN: usize = 200;
pub(super) const LEGACY_REFUND_NOTIFY: usize = 200;
pub(super) const OPENAPI: usize = 256;

/// Checks one: without a query, since Alipay would add its own parameters to it and sign without
/// those of the shop, and not longer than the gateway takes.
///
/// # Errors
/// [`RequestError::Invalid`].
pub(super) fn check(
    parameter: &'static str,
    address: Option<&str>,
    longest: usize,
) -> Result<(), RequestError> {
    let address = address.unwrap_or_default();
    require(!address.contains(['?', '#']), parameter, "has a query")?;
    require(address.chars().count() <= longest, parameter, "is longer than Alipay takes")
}

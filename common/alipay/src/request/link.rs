//! A request as an address.

use crate::Form;

/// The address that sends a request with GET: the gateway's, with the form as its query.
pub fn link(gateway: &str, form: &Form) -> String {
    let joint = if gateway.contains('?') { '&' } else { '?' };
    format!("{gateway}{joint}{}", form.encode())
}

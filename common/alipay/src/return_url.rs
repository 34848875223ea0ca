//! What a buyer's browser brings back from Alipay's page (docs/protocol.md §4, §10).

use crate::parameters::Parameters;
use crate::{Charset, Form, Unreadable};

/// The order number (`out_trade_no`) of a return URL's query, after its signature was checked.
///
/// That a browser came back says nothing about money, so there is nothing else to read: at the Open
/// Platform the query has no state at all.
///
/// # Errors
/// The number is missing, longer than 64 bytes, not text in this charset, or holds a control
/// character.
pub fn returned_order(form: &Form, charset: Charset) -> Result<String, Unreadable> {
    Parameters { form, charset, is_guarded: true }.number("out_trade_no")
}

/// Whether a form is the query of a return URL and no notification: `is_success` at the legacy gateway,
/// a `method` that ends in `.return` at the Open Platform.
pub fn is_return(form: &Form) -> bool {
    form.get("is_success").is_some()
        || form.get("method").is_some_and(|method| method.ends_with(b".return"))
}

#[cfg(test)]
mod tests {
    use super::{is_return, returned_order};
    use crate::{Charset, Form};

    #[test]
    fn a_return_is_no_notification() {
        let form = |query: &[u8]| Form::parse(query).unwrap();
        assert!(is_return(&form(b"is_success=T&notify_type=trade_status_sync&out_trade_no=A")));
        assert!(is_return(&form(b"method=alipay.trade.page.pay.return&out_trade_no=A")));
        assert!(!is_return(&form(b"notify_type=trade_status_sync&out_trade_no=A")));
    }

    #[test]
    fn an_order_number_in_its_charset() {
        let order = |query: &[u8], charset| returned_order(&Form::parse(query).unwrap(), charset);
        assert_eq!(order(b"out_trade_no=A+1", Charset::Utf8).unwrap(), "A 1");
        assert_eq!(order(b"out_trade_no=%B2%E2", Charset::Gbk).unwrap(), "\u{6d4b}");
        for wrong in [&b"a=1"[..], b"out_trade_no=", b"out_trade_no=%0A", b"out_trade_no=%B2%E2"] {
            assert!(order(wrong, Charset::Utf8).is_err(), "{}", wrong.escape_ascii());
        }
    }
}

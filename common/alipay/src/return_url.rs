//! What a buyer's browser brings back from Alipay's page.

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
    Parameters { form, charset }.number("out_trade_no")
}

#[cfg(test)]
mod tests {
    use super::returned_order;
    use crate::{Charset, Form};

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

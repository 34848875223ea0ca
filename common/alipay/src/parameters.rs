//! Reading single parameters of a verified form.

use chrono::{DateTime, Utc};

use crate::notification_form::READ;
use crate::{Charset, Fen, Form, Unreadable, parse_beijing};

/// The largest order or trade number in bytes of UTF-8, as in Alipay's tables.
const LONGEST_NUMBER: usize = 64;

/// The parameters of a form, decoded when asked for: a value that is not read cannot fail.
pub(crate) struct Parameters<'a> {
    pub(crate) form: &'a Form,
    pub(crate) charset: Charset,
    /// It is a notification or a return URL, whose signed text could be cut in another way.
    pub(crate) is_guarded: bool,
}

impl Parameters<'_> {
    /// The text of a parameter; an empty value is none.
    pub(crate) fn text(&self, parameter: &'static str) -> Result<Option<String>, Unreadable> {
        // What is read is what `SecondReading` guards.
        debug_assert!(!self.is_guarded || READ.contains(&parameter), "{parameter} is not guarded");
        match self.form.get(parameter) {
            None | Some([]) => Ok(None),
            Some(value) => self
                .charset
                .decode(value)
                .map(Some)
                .map_err(|source| Unreadable::Charset { parameter, source }),
        }
    }

    pub(crate) fn required(&self, parameter: &'static str) -> Result<String, Unreadable> {
        self.text(parameter)?.ok_or(Unreadable::Missing { parameter })
    }

    /// An order, trade or batch number.
    pub(crate) fn number(&self, parameter: &'static str) -> Result<String, Unreadable> {
        let number = self.required(parameter)?;
        check_number(&number).map_err(|reason| Unreadable::OrderNumber { parameter, reason })?;
        Ok(number)
    }

    pub(crate) fn amount(&self, parameter: &'static str) -> Result<Option<Fen>, Unreadable> {
        let amount = |text: String| {
            Fen::parse(&text).map_err(|source| Unreadable::Amount { parameter, source })
        };
        self.text(parameter)?.map(amount).transpose()
    }

    pub(crate) fn time(
        &self,
        parameter: &'static str,
    ) -> Result<Option<DateTime<Utc>>, Unreadable> {
        let time = |text: String| {
            parse_beijing(&text).map_err(|source| Unreadable::Time { parameter, source })
        };
        self.text(parameter)?.map(time).transpose()
    }
}

/// Checks an order or trade number: 1 to 64 bytes, no control characters. Spaces and letters of
/// any script are the merchant's choice.
///
/// # Errors
/// What is wrong with it.
pub fn check_number(number: &str) -> Result<(), &'static str> {
    if number.is_empty() {
        Err("it is empty")
    } else if number.len() > LONGEST_NUMBER {
        Err("it has more than 64 bytes")
    } else if number.chars().any(char::is_control) {
        Err("it contains a control character")
    } else {
        Ok(())
    }
}

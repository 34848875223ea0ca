//! The answers to the two requests that are not signed.

use super::error::not_an_answer;
use super::{AnswerError, xml};
use crate::Charset;

/// The answer to `notify_verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyVerifyAnswer {
    /// `true`: the gateway sent a notification with this number.
    Genuine,
    /// `false`: it did not, or the number is no longer valid.
    NotGenuine,
    /// `invalid`: the query is wrong, such as a number of another partner.
    WrongQuestion,
}

impl NotifyVerifyAnswer {
    /// Reads the body of an answer: exactly one of the three words, as Alipay writes them.
    ///
    /// # Errors
    /// [`AnswerError::NotAnAnswer`] for anything else, such as a page that ends in `true`.
    pub fn read(body: &[u8]) -> Result<NotifyVerifyAnswer, AnswerError> {
        match body {
            b"true" => Ok(NotifyVerifyAnswer::Genuine),
            b"false" => Ok(NotifyVerifyAnswer::NotGenuine),
            b"invalid" => Ok(NotifyVerifyAnswer::WrongQuestion),
            _ => Err(not_an_answer("it is not true, false or invalid")),
        }
    }
}

/// The answer to `query_timestamp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampAnswer {
    /// What a payment sends as `anti_phishing_key`, within 30 seconds.
    pub encrypt_key: String,
}

impl TimestampAnswer {
    /// Reads the body of an answer. Its signature is not checked: the key is only handed back to
    /// the gateway.
    ///
    /// # Errors
    /// [`AnswerError::Refused`] and [`AnswerError::NotAnAnswer`].
    pub fn read(body: &[u8], charset: Charset) -> Result<TimestampAnswer, AnswerError> {
        match xml::XmlAnswer::read(body, "timestamp", charset)? {
            xml::XmlAnswer::Failure(error) => Err(AnswerError::refused(&error, "")),
            xml::XmlAnswer::Success(fields) => match fields.unverified("encrypt_key") {
                Some(encrypt_key) => Ok(TimestampAnswer { encrypt_key }),
                None => Err(not_an_answer("it has no encrypt_key")),
            },
        }
    }
}

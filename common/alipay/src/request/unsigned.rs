//! The two requests of the legacy gateway that are not signed.

use crate::{Charset, Form};

/// `query_timestamp`: a key against phishing, good for 30 seconds, that some accounts must send
/// with a payment as `anti_phishing_key`. [`TimestampAnswer`](crate::TimestampAnswer) reads the answer.
#[derive(Debug)]
pub struct QueryTimestamp;

impl QueryTimestamp {
    /// The request; sent with GET.
    pub fn mapi(partner: &str, charset: Charset) -> Form {
        Form::from_pairs([
            ("service", "query_timestamp"),
            ("partner", partner),
            ("_input_charset", charset.name()),
        ])
    }
}

/// `notify_verify`: whether the gateway sent a notification of this number. The answer is one of
/// three words, read by [`NotifyVerifyAnswer`](crate::NotifyVerifyAnswer), and says nothing about the
/// notification's other values.
#[derive(Debug)]
pub struct NotifyVerify;

impl NotifyVerify {
    /// The request; sent with GET. `notify_id` is the bytes of the notification, decoded once.
    pub fn mapi(partner: &str, notify_id: &[u8]) -> Form {
        Form::from_pairs([
            ("service", b"notify_verify".as_slice()),
            ("partner", partner.as_bytes()),
            ("notify_id", notify_id),
        ])
    }
}

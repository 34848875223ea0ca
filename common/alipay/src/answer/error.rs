//! Why an answer cannot be used.

use crate::{SignatureError, Unreadable};

/// What the gateways say when they cannot answer now.
const TRANSIENT: [&str; 8] = [
    "SYSTEM_ERROR",
    "SYSTEM_EXCEPTION",
    "ACQ.SYSTEM_ERROR",
    "isp.unknow-error", // so spelled
    "isp.unknown-error",
    "aop.unknow-error",
    "isp.service-unavailable",
    "isv.app-call-limited",
];

/// Why an answer of the gateway cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The body is not an answer of this gateway at all: a proxy's error page, half an answer.
    #[error("this is not an answer of Alipay's gateway: {reason}")]
    NotAnAnswer {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The gateway refused the request or failed itself. Such answers need not be signed: this
    /// says nothing about a trade.
    #[error("the gateway refused: {code} ({message})")]
    Refused {
        /// Alipay's word: `ILLEGAL_SIGN`, `isv.invalid-signature`, `ACQ.SYSTEM_ERROR`; for logs,
        /// at most 64 characters.
        code: String,
        /// Alipay's explanation, at most 200 characters; may be empty.
        message: String,
    },
    /// The answer is encrypted with the AES key of the application, which is not supported: what it
    /// says is unknown.
    #[error("the answer is encrypted: turn off content encryption for this application at Alipay")]
    Encrypted,
    /// The answer says something about a trade and has no signature.
    #[error("the answer is not signed")]
    Unsigned,
    /// The signature of the answer is not Alipay's.
    #[error("the answer's signature was not accepted: {0}")]
    Signature(#[from] SignatureError),
    /// The signature is right, but a value cannot be read.
    #[error("the answer cannot be read: {0}")]
    Unreadable(#[from] Unreadable),
}

/// What came is no answer of the gateway, for this reason.
pub(super) fn not_an_answer(reason: &'static str) -> AnswerError {
    AnswerError::NotAnAnswer { reason }
}

impl AnswerError {
    /// A refusal, its words cut and made fit for a log.
    pub(super) fn refused(code: &str, message: &str) -> AnswerError {
        let fit = |text: &str, most| {
            text.chars().filter(|character| !character.is_control()).take(most).collect()
        };
        AnswerError::Refused { code: fit(code, 64), message: fit(message, 200) }
    }

    /// A short word for logs and metrics: `not_an_answer`, `refused`, `encrypted_answer`,
    /// `unsigned_answer`, or the word of the [`SignatureError`] or [`Unreadable`].
    pub fn reason_code(&self) -> &'static str {
        match self {
            AnswerError::NotAnAnswer { .. } => "not_an_answer",
            AnswerError::Refused { .. } => "refused",
            AnswerError::Encrypted => "encrypted_answer",
            AnswerError::Unsigned => "unsigned_answer",
            AnswerError::Signature(error) => error.reason_code(),
            AnswerError::Unreadable(error) => error.reason_code(),
        }
    }

    /// Whether asking again later can help without anybody changing anything: the gateway's own
    /// trouble, too many queries, and what looks like a page of something in between.
    pub fn is_transient(&self) -> bool {
        match self {
            AnswerError::NotAnAnswer { .. } => true,
            AnswerError::Refused { code, .. } => TRANSIENT.contains(&code.as_str()),
            AnswerError::Encrypted
            | AnswerError::Unsigned
            | AnswerError::Signature(_)
            | AnswerError::Unreadable(_) => false,
        }
    }
}

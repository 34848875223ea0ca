//! Why a query to the gateway has no answer.

use std::time::Duration;

use alipay::{AnswerError, CertificateError, KeyError, Protocol, RequestError};

/// Why a query to the gateway has no answer. Nothing is known about the trade then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The configuration lacks what a request needs.
    #[error("merchants.{merchant}.{key} is not configured; the gateway cannot be asked without it")]
    NoKey {
        /// The merchant's name.
        merchant: String,
        /// The key of its section.
        key: &'static str,
    },
    /// The application's certificate is out of date: the gateway would refuse every request.
    #[error(
        "merchants.{merchant}.app_cert cannot be used: {error}; get a new one at Alipay's console, or correct the clock"
    )]
    AppCertificate {
        /// The merchant's name.
        merchant: String,
        /// What is wrong.
        error: CertificateError,
    },
    /// The configured address cannot be used.
    #[error("merchants.{merchant}.gateway cannot be used: {reason}")]
    Address {
        /// The merchant's name.
        merchant: String,
        /// What is wrong.
        reason: String,
    },
    /// The merchant's gateway has no such service.
    #[error("merchants.{merchant} is not of protocol {by}, and only that has {service}")]
    NotOffered {
        /// The merchant's name.
        merchant: String,
        /// The service or method.
        service: &'static str,
        /// Whose it is.
        by: Protocol,
    },
    /// The request breaks a rule of Alipay's.
    #[error("the request cannot be made: {0}")]
    Request(RequestError),
    /// The request could not be signed.
    #[error("the request cannot be signed: {reason}")]
    Signing {
        /// What is wrong.
        reason: String,
    },
    /// No connection, or it broke before the answer was complete.
    #[error("no answer from the gateway: {reason}")]
    Connect {
        /// What the network or TLS says.
        reason: String,
    },
    /// The call took longer than allowed.
    #[error("the gateway did not answer within {after:?}")]
    Timeout {
        /// The time allowed for the whole call.
        after: Duration,
    },
    /// Another HTTP status than 200; a redirect too.
    #[error("the gateway answered with HTTP status {status}")]
    Http {
        /// The status.
        status: u16,
    },
    /// The answer is larger than 1 MiB.
    #[error("the gateway's answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer is about another trade than the one asked for.
    #[error("the gateway answered about another trade")]
    OtherTrade,
    /// The certificate that came is not one to trust.
    #[error("{0}")]
    Certificate(CertificateError),
    /// The answer contains nothing that can be trusted.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl GatewayError {
    /// A short word for logs, metrics and the table of queries: `no_key`, `app_certificate`, `bad_address`,
    /// `not_offered`, `bad_request`, `cannot_sign`, `no_connection`, `timeout`, `http_status`,
    /// `answer_too_large`, `other_trade`, `untrusted_certificate`, or that of the [`AnswerError`].
    pub fn reason_code(&self) -> &'static str {
        match self {
            GatewayError::NoKey { .. } => "no_key",
            GatewayError::AppCertificate { .. } => "app_certificate",
            GatewayError::Address { .. } => "bad_address",
            GatewayError::NotOffered { .. } => "not_offered",
            GatewayError::Request(_) => "bad_request",
            GatewayError::Signing { .. } => "cannot_sign",
            GatewayError::Connect { .. } => "no_connection",
            GatewayError::Timeout { .. } => "timeout",
            GatewayError::Http { .. } => "http_status",
            GatewayError::TooLarge { .. } => "answer_too_large",
            GatewayError::OtherTrade => "other_trade",
            GatewayError::Certificate(_) => "untrusted_certificate",
            GatewayError::Answer(error) => error.reason_code(),
        }
    }

    /// Whether asking again later can help without anybody changing anything: the network, a
    /// gateway in trouble, a page of something in between.
    pub fn is_transient(&self) -> bool {
        match self {
            GatewayError::Connect { .. } | GatewayError::Timeout { .. } => true,
            GatewayError::Http { status } => matches!(status, 408 | 429 | 500..),
            GatewayError::Answer(error) => error.is_transient(),
            GatewayError::NoKey { .. }
            | GatewayError::AppCertificate { .. }
            | GatewayError::Address { .. }
            | GatewayError::NotOffered { .. }
            | GatewayError::Request(_)
            | GatewayError::Signing { .. }
            | GatewayError::TooLarge { .. }
            | GatewayError::OtherTrade
            | GatewayError::Certificate(_) => false,
        }
    }

    /// Whether the gateway never saw the request, because there is none: the configuration or the
    /// request itself is wrong. After any other error it may have done what it was asked.
    pub fn is_unsent(&self) -> bool {
        matches!(
            self,
            GatewayError::NoKey { .. }
                | GatewayError::AppCertificate { .. }
                | GatewayError::Address { .. }
                | GatewayError::NotOffered { .. }
                | GatewayError::Request(_)
                | GatewayError::Signing { .. }
        )
    }
}

impl From<KeyError> for GatewayError {
    fn from(error: KeyError) -> GatewayError {
        GatewayError::Signing { reason: error.to_string() }
    }
}

impl From<RequestError> for GatewayError {
    fn from(error: RequestError) -> GatewayError {
        match error {
            RequestError::Key(error) => error.into(),
            error @ RequestError::Invalid { .. } => GatewayError::Request(error),
        }
    }
}

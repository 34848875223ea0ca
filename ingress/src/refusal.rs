//! Why a request was answered `fail`.

use alipay::{CharsetError, FormError, NotANotification, SignatureError, Unreadable};
use hyper::StatusCode;
use queue::PublishError;

/// Why a request was answered `fail`. The text is for the log: it holds no value of the notification.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such path.
    #[error("there is no such path")]
    NotFound,
    /// The path names a merchant that is not configured, or none although there are several.
    #[error("no such merchant")]
    UnknownMerchant,
    /// A notify URL answers POST alone, a return URL GET.
    #[error("not the method of this page: POST for a notify URL, GET for a return URL")]
    MethodNotAllowed,
    /// The body is not `application/x-www-form-urlencoded`.
    #[error("the content type is not application/x-www-form-urlencoded")]
    WrongContentType,
    /// The body is larger than `ingress.max_body`.
    #[error("the body has more than {limit} bytes")]
    BodyTooLarge {
        /// `ingress.max_body`, in bytes.
        limit: usize,
    },
    /// The body took longer than `ingress.body_timeout`.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The connection ended inside the body, or its chunks are broken.
    #[error("the body is not complete: {0}")]
    BodyIncomplete(hyper::Error),
    /// The query of a return URL is longer than Alipay's are.
    #[error("the query has more than {limit} bytes")]
    QueryTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body, or the query of a return URL, is no form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The form is no notification: a request or a return URL, or a name that Alipay does not use.
    #[error("not a notification: {0}")]
    NotANotification(#[from] NotANotification),
    /// The signature is missing, of a type that is not allowed, or does not verify.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The notification names a charset that we do not know.
    #[error(transparent)]
    Charset(#[from] CharsetError),
    /// The order number of a return URL cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The notification is signed, but for another merchant, or does not say for which.
    #[error("{parameter} is missing or is not this merchant's")]
    NotThisMerchant {
        /// The parameter that is missing or differs.
        parameter: &'static str,
    },
    /// The gateway is to be asked about the notification, which has no `notify_id`.
    #[error("notify_id is missing, and notify_verify is on")]
    NoNotifyId,
    /// `notify_verify`: the gateway says that it did not send the notification, or that its id is used up.
    #[error("the gateway says that it did not send this notification, or that its id is used up")]
    NotifyVerifyFalse,
    /// `notify_verify`: the gateway does not understand the query.
    #[error("the gateway says that the partner or the notify_id is wrong")]
    NotifyVerifyInvalid,
    /// `notify_verify = "required"`: the gateway did not answer in time, or not in a way that can be used.
    #[error("the gateway did not confirm this notification: {why}")]
    NotifyVerifyNoAnswer {
        /// The reason code of the query.
        why: &'static str,
    },
    /// The client has sent `ingress.max_refused_per_minute` requests that were refused.
    #[error(
        "too many requests of this client were refused within a minute: its next requests are refused unread"
    )]
    TooManyRefused,
    /// `ingress.max_in_flight` notifications wait for the broker already.
    #[error("too many notifications wait for the broker")]
    Overloaded,
    /// The broker did not take the message.
    #[error("{0}")]
    Broker(PublishError),
    /// No confirm within `ingress.confirm_timeout`.
    #[error("the broker did not confirm in time")]
    ConfirmTimeout,
    /// The handler panicked.
    #[error("the handler panicked")]
    Panic,
}

impl Refusal {
    /// The reason code in logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::NotFound => "not_found",
            Refusal::UnknownMerchant => "unknown_merchant",
            Refusal::MethodNotAllowed => "method_not_allowed",
            Refusal::WrongContentType => "wrong_content_type",
            Refusal::BodyTooLarge { .. } => "body_too_large",
            Refusal::BodyTimeout => "body_timeout",
            Refusal::BodyIncomplete(_) => "body_incomplete",
            Refusal::QueryTooLong { .. } => "query_too_long",
            Refusal::Form(FormError::Empty) => "no_body",
            Refusal::Form(FormError::TooManyParameters { .. }) => "too_many_parameters",
            Refusal::Form(FormError::DuplicateParameter { .. }) => "duplicate_parameter",
            Refusal::NotANotification(error) => error.reason_code(),
            Refusal::Signature(error) => error.reason_code(),
            Refusal::Charset(_) => "unknown_charset",
            Refusal::Unreadable(error) => error.reason_code(),
            Refusal::NotThisMerchant { .. } => "not_this_merchant",
            Refusal::NoNotifyId => "no_notify_id",
            Refusal::NotifyVerifyFalse => "notify_verify_false",
            Refusal::NotifyVerifyInvalid => "notify_verify_invalid",
            Refusal::NotifyVerifyNoAnswer { .. } => "notify_verify_no_answer",
            Refusal::TooManyRefused => "too_many_refused",
            Refusal::Overloaded => "overloaded",
            Refusal::Broker(_) => "broker_unavailable",
            Refusal::ConfirmTimeout => "confirm_timeout",
            Refusal::Panic => "panic",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::NotFound | Refusal::UnknownMerchant => StatusCode::NOT_FOUND,
            Refusal::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::WrongContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::QueryTooLong { .. } => StatusCode::URI_TOO_LONG,
            Refusal::TooManyRefused => StatusCode::TOO_MANY_REQUESTS,
            Refusal::BodyTimeout
            | Refusal::BodyIncomplete(_)
            | Refusal::Form(_)
            | Refusal::NotANotification(_)
            | Refusal::Signature(_)
            | Refusal::Charset(_)
            | Refusal::Unreadable(_)
            | Refusal::NotThisMerchant { .. }
            | Refusal::NoNotifyId
            | Refusal::NotifyVerifyFalse
            | Refusal::NotifyVerifyInvalid => StatusCode::BAD_REQUEST,
            Refusal::NotifyVerifyNoAnswer { .. }
            | Refusal::Overloaded
            | Refusal::Broker(_)
            | Refusal::ConfirmTimeout
            | Refusal::Panic => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<PublishError> for Refusal {
    fn from(error: PublishError) -> Refusal {
        match error {
            PublishError::Busy => Refusal::Overloaded,
            PublishError::Timeout => Refusal::ConfirmTimeout,
            error => Refusal::Broker(error),
        }
    }
}

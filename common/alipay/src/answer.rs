//! What the gateway answers to a request.
//!
//! An answer counts only after its signature was checked. The Open Platform signs the bytes of
//! one node of a JSON text as it wrote them ([`json`]); the legacy gateway signs the fields inside
//! an XML text like the parameters of a form ([`xml`]).

mod certificate;
mod close;
mod error;
mod json;
mod query;
mod refund;
mod unsigned;
mod xml;

pub use certificate::CertificateAnswer;
pub use close::CloseAnswer;
pub use error::AnswerError;
pub use query::{QueryAnswer, TRADE_NOT_EXIST};
pub use refund::{RefundAnswer, RefundQueryAnswer};
pub use unsigned::{NotifyVerifyAnswer, TimestampAnswer};

/// The largest answer that is read, in bytes. Alipay's have a few thousand.
pub const MAX_ANSWER: usize = 1 << 20;

//! Asks Alipay's gateway over HTTP.
//!
//! The protocol itself, what is asked and what can be trusted in an answer, is the crate
//! [`alipay`]; this one adds the network, bounded in every direction: one time limit for the whole
//! call, one size limit for the answer, no redirects. Connections are kept and used again.
//!
//! A refund is more than one call: [`Gateway::carry_out_refund`] asks for its outcome where the answer
//! leaves that open, and says what is known then, a [`RefundOutcome`]. Answers that are to be verified
//! again by others are kept byte for byte ([`VerifiedAnswer`], [`RefundProof`]).
//!
//! In certificate mode requests carry the numbers of the application's certificate and of the roots
//! ([`Credentials`]); one that has ended asks nothing ([`GatewayError::AppCertificate`]), and
//! [`Gateway::certificate`] fetches a new one of Alipay's.
//!
//! The certificate of an https address must be one of the authorities that browsers trust, which
//! are compiled in. A proxy of the environment is not used.

mod certificate;
mod client;
mod close;
mod credentials;
mod error;
mod query;
mod refund;
mod refund_outcome;
mod unsigned;

pub use client::Gateway;
pub use credentials::Credentials;
pub use error::GatewayError;
pub use query::VerifiedAnswer;
pub use refund_outcome::{RefundOutcome, RefundProof};

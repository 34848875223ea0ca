//! The answer to `close_trade` and `alipay.trade.close`.

use chrono::{DateTime, Utc};

use super::json::{GatewayOutcome, SignedNode};
use super::xml;
use crate::{AnswerError, Charset, Protocol, TRADE_NOT_EXIST, Verifier};

/// The outcome of a request to close a trade. A trade that was paid is refused
/// ([`AnswerError::Refused`], `TRADE_STATUS_NOT_AVAILD` or `ACQ.TRADE_STATUS_ERROR` and others).
///
/// No fact about money: the legacy gateway does not sign this answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseAnswer {
    /// The trade is closed.
    Closed,
    /// There is no such trade. A page or QR code that the buyer still has open can create and pay
    /// it later: the order is not dead.
    NotExist,
}

impl CloseAnswer {
    /// Reads the body of an answer, byte for byte as it was received `at` a time.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn read(
        body: &[u8],
        protocol: Protocol,
        charset: Charset,
        verifier: &Verifier,
        at: DateTime<Utc>,
    ) -> Result<CloseAnswer, AnswerError> {
        match protocol {
            Protocol::Mapi => match xml::success_or_error(body, charset)? {
                None => Ok(CloseAnswer::Closed),
                Some(error) if error == TRADE_NOT_EXIST => Ok(CloseAnswer::NotExist),
                Some(error) => Err(AnswerError::refused(&error, "")),
            },
            Protocol::Openapi => {
                let node =
                    SignedNode::read(body, "alipay_trade_close_response", charset, verifier, at)?;
                Ok(match node.outcome()? {
                    GatewayOutcome::Success => CloseAnswer::Closed,
                    GatewayOutcome::NotExist => CloseAnswer::NotExist,
                })
            }
        }
    }
}

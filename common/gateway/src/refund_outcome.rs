//! A refund from the call to its outcome.

use alipay::{AnswerError, Charset, Fen, TradeRefund};
use chrono::{DateTime, Utc};
use config::Merchant;

use crate::{Gateway, GatewayError};

/// Alipay took a request and moved nothing, and does not say that it was done before.
const NOT_MOVED: &str = "not_moved: Alipay took the request, and does not say that money has moved";

/// The outcome of a refund that was asked for. A reason begins with its code and a colon.
#[derive(Debug)]
pub enum RefundOutcome {
    /// Alipay has made it, now or before.
    Made(RefundProof),
    /// Alipay has not made it, and will not unless it is asked again.
    Refused {
        /// Alipay's words.
        reason: String,
    },
    /// Alipay was never asked: the configuration or the request is wrong.
    Unsent {
        /// What is wrong.
        reason: String,
    },
    /// Alipay may have made it or not: repeat it with the same number.
    Unknown {
        /// Why it is not known.
        reason: String,
    },
}

impl RefundOutcome {
    /// Why it was not made, or is not known to be.
    pub fn reason(&self) -> Option<&str> {
        match self {
            RefundOutcome::Made(_) => None,
            RefundOutcome::Refused { reason }
            | RefundOutcome::Unsent { reason }
            | RefundOutcome::Unknown { reason } => Some(reason),
        }
    }

    /// That it was made.
    pub fn proof(self) -> Option<RefundProof> {
        match self {
            RefundOutcome::Made(proof) => Some(proof),
            _ => None,
        }
    }

    /// All refunds of the trade so far, where Alipay says so.
    pub fn refunded(&self) -> Option<Fen> {
        match self {
            RefundOutcome::Made(proof) => proof.refunded,
            _ => None,
        }
    }
}

/// Alipay's signed word that a refund was made: its answers, byte for byte, to be verified again.
pub struct RefundProof {
    /// Just before the latest of the answers was asked for.
    pub asked_at: DateTime<Utc>,
    /// The charset of the answers.
    pub charset: Charset,
    /// The answer to `alipay.trade.refund`, where one came.
    pub refund: Option<Vec<u8>>,
    /// The answer to `alipay.trade.fastpay.refund.query`, where it was asked.
    pub refund_query: Option<Vec<u8>>,
    /// All refunds of the trade so far, where an answer says so.
    pub refunded: Option<Fen>,
}

/// Without the bodies: they hold signatures and the buyer's data.
impl std::fmt::Debug for RefundProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let RefundProof { asked_at, refunded, .. } = self;
        f.debug_struct("RefundProof")
            .field("asked_at", asked_at)
            .field("refunded", refunded)
            .finish_non_exhaustive()
    }
}

impl Gateway {
    /// Asks the Open Platform for a refund, and where the answer leaves it open, its outcome.
    /// `repeated`: it was asked for before and the result is not known, so that a refusal now
    /// is no proof that nothing was refunded.
    pub async fn carry_out_refund(
        &self,
        merchant: &Merchant,
        refund: &TradeRefund<'_>,
        repeated: bool,
    ) -> RefundOutcome {
        let charset = merchant.charset.at_the_gateway();
        // The answer, where Alipay took the request, and why it does not prove the refund.
        let (answered, reason) = match self.refund(merchant, refund).await {
            Ok(answered) if answered.answer.moved => {
                return RefundOutcome::Made(RefundProof {
                    asked_at: answered.asked_at,
                    charset,
                    refund: Some(answered.body),
                    refund_query: None,
                    refunded: answered.answer.refunded,
                });
            }
            // Carried out before, or on its way.
            Ok(answered) => (Some(answered), NOT_MOVED.to_owned()),
            Err(error) => {
                let reason = format!("{}: {error}", error.reason_code());
                if error.is_unsent() && !repeated {
                    return RefundOutcome::Unsent { reason };
                }
                if !is_final(&error) {
                    return RefundOutcome::Unknown { reason };
                }
                if !repeated {
                    return RefundOutcome::Refused { reason };
                }
                // An earlier call may have been carried out, whatever became of this one.
                (None, reason)
            }
        };
        let asked = self.refund_query(merchant, refund.which, refund.out_request_no).await;
        match asked {
            Ok(queried) if queried.answer.succeeded(refund.out_request_no, refund.amount) => {
                RefundOutcome::Made(RefundProof {
                    asked_at: queried.asked_at,
                    charset,
                    refunded: answered.as_ref().and_then(|answered| answered.answer.refunded),
                    refund: answered.map(|answered| answered.body),
                    refund_query: Some(queried.body),
                })
            }
            Ok(queried)
                if queried.answer.refund_status.is_none()
                    && queried.answer.refund_amount.is_none() =>
            {
                // Alipay does not know of it: what it refused was never made.
                match answered {
                    Some(_) => RefundOutcome::Unknown { reason },
                    None => RefundOutcome::Refused { reason },
                }
            }
            // Alipay knows of it and not that it is done; or it does not answer.
            Ok(_) | Err(_) => RefundOutcome::Unknown { reason },
        }
    }

    /// Alipay's word once more that a refund was made, without asking for it; none when there is no
    /// answer or it says less.
    pub async fn prove_refund(
        &self,
        merchant: &Merchant,
        refund: &TradeRefund<'_>,
    ) -> Option<RefundProof> {
        let number = refund.out_request_no;
        let queried = self.refund_query(merchant, refund.which, number).await.ok()?;
        queried.answer.succeeded(number, refund.amount).then_some(RefundProof {
            asked_at: queried.asked_at,
            charset: queried.charset,
            refund: None,
            refund_query: Some(queried.body),
            refunded: None,
        })
    }
}

/// Whether Alipay has refused, and not only failed.
fn is_final(error: &GatewayError) -> bool {
    matches!(error, GatewayError::Answer(AnswerError::Refused { .. })) && !error.is_transient()
}

//! What the gateway has answered, as messages for the lanes. Workers and `ops` make them here.

use chrono::{DateTime, Utc};
use gateway::{RefundProof, VerifiedAnswer};
use order::QueryReason;
use queue::{Envelope, RefundAnswerForm};
use store::gateway_answer::{self, AnswerKey};
use store::refund_request::RefundRequest;
use store::{MysqlConnection, StoreError};

/// The answer to a query, and the row without which no lane accepts it.
#[derive(Debug, Clone)]
pub struct QueryAnswerMessage {
    /// What is published.
    pub envelope: Envelope,
    order: String,
    digest: String,
}

impl QueryAnswerMessage {
    /// Of an answer about this order of this merchant.
    pub fn new(merchant: &str, order: &str, answered: &VerifiedAnswer) -> QueryAnswerMessage {
        let VerifiedAnswer { asked_at, charset, body, .. } = answered;
        let envelope = Envelope::query_answer(merchant, *charset, order, *asked_at, body);
        QueryAnswerMessage { order: order.to_owned(), digest: envelope.digest(), envelope }
    }

    /// Writes down that the gateway gave this answer; to be called before it is published.
    ///
    /// # Errors
    /// What the database says.
    pub fn write_down(&self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        let (order_id, digest) = (self.order.as_str(), self.digest.as_str());
        gateway_answer::write(connection, AnswerKey { order_id, digest })
    }
}

/// What lanes are told of a refund that was made: Alipay's answers, which they verify again, where they are at hand, and
/// a request to query the trade. A full refund closes it, and not every product of Alipay notifies that. `asked_by` is
/// who requests the query.
pub fn refund_messages(
    request: &RefundRequest,
    proof: Option<&RefundProof>,
    asked_by: QueryReason,
    now: DateTime<Utc>,
) -> Vec<Envelope> {
    let answer = proof.map(|proof| {
        let form = RefundAnswerForm {
            order: &request.order_id,
            trade_no: &request.trade_no,
            request_no: &request.request_no,
            amount: request.amount,
            refund: proof.refund.as_deref(),
            refund_query: proof.refund_query.as_deref(),
        };
        Envelope::refund_answer(&request.merchant, proof.charset, &form, proof.asked_at)
    });
    let query =
        Envelope::query_request(&request.merchant, &request.order_id, asked_by.as_str(), now);
    answer.into_iter().chain([query]).collect()
}

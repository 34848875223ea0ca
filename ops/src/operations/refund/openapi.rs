//! The Open Platform: `alipay.trade.refund`, and what its answers mean.

use std::time::Duration;

use config::Merchant;
use gateway::RefundProof;
use order::{Refund, RefundRequestState, RejectedPayment, RepeatedBy};
use store::refund_request::{self, NO_ANSWER_YET, RefundRequest};
use store::{MysqlConnection, refund, trade};

use super::Refunded;
use super::ask_workers::tell_workers;
use super::find_or_create::{PriorRefund, RecordedRequest};
use super::refundable::result_of;
use super::totals::RefundTotals;
use crate::failure::Failure;
use crate::operations::access::Access;

/// Calls Alipay at the time that is booked for it, writes down its outcome, and tells the workers.
pub(crate) fn call(
    access: &Access,
    connection: &mut MysqlConnection,
    merchant: &Merchant,
    agreed: RecordedRequest,
    rejected: Option<&RejectedPayment>,
) -> Result<Refunded, Failure> {
    std::thread::sleep(Duration::from_micros(agreed.wait));
    // Another operator may have asked meanwhile.
    let mut request = read_again(connection, &agreed.request)?;
    let was_made = request.state == RefundRequestState::Accepted;
    // No order has a rejected payment, so workers need not know of its refund.
    let is_known = was_made && (request.of_rejected || is_known(connection, &request)?);
    let proof = if is_known {
        None
    } else if was_made {
        prove(access, merchant, &request)?
    } else {
        let proof = carry_out(access, connection, merchant, &request)?;
        request = read_again(connection, &request)?;
        proof
    };
    if request.of_rejected && request.state == RefundRequestState::Accepted {
        book(connection, &request)?;
    }
    let totals = RefundTotals::read(connection, &request, rejected)?;
    let before = if was_made { PriorRefund::Made } else { agreed.before() };
    let ended = match request.state {
        RefundRequestState::Accepted if is_taken(connection, &request)? => {
            tell_workers(access, &request, proof.as_ref())
        }
        _ => Ok(()),
    };
    let ended = ended.and_then(|()| end(&request, is_known || proof.is_some()));
    Ok(Refunded { ended, ..Refunded::new(merchant, request, before, totals) })
}

/// An error unless the refund is made and workers know, or will be notified.
fn end(request: &RefundRequest, is_told: bool) -> Result<(), Failure> {
    let why = request.error.as_deref().unwrap_or(NO_ANSWER_YET);
    match request.state {
        RefundRequestState::Accepted if is_told => Ok(()),
        RefundRequestState::Accepted => Err(Failure::CouldNotAsk(
            "the refund was made before, workers have not heard of it, and Alipay did not say so once more when it \
             was asked\nRepeat the same command: it is the same refund."
                .to_owned(),
        )),
        RefundRequestState::Refused => Err(Failure::Refused(format!("not refunded: {why}"))),
        RefundRequestState::Asked | RefundRequestState::Unknown => {
            Err(Failure::CouldNotAsk(format!(
                "the result of the refund is not known: {why}\nRepeat the same command: it is the same refund."
            )))
        }
    }
}

fn read_again(
    connection: &mut MysqlConnection,
    request: &RefundRequest,
) -> Result<RefundRequest, Failure> {
    let mut requests = refund_request::of_order(connection, &request.order_id)?.into_iter();
    requests
        .find(|other| other.request_no == request.request_no)
        .ok_or_else(|| Failure::Refused(format!("request {} has vanished", request.request_no)))
}

/// Books the refund of a payment that no order took by its trade's number: should an order take the trade later
/// (its letter is replayed), the refund counts there.
fn book(connection: &mut MysqlConnection, request: &RefundRequest) -> Result<(), Failure> {
    let refund = Refund::made(&request.trade_no, &request.request_no, request.amount);
    let row = Refund { running_total: request.running_total, ..refund };
    Ok(refund::upsert(connection, &[(&request.merchant, &row)])?)
}

/// Whether an order has the trade: of a rejected payment none has, unless its letter was replayed meanwhile.
fn is_taken(connection: &mut MysqlConnection, request: &RefundRequest) -> Result<bool, Failure> {
    Ok(!request.of_rejected || !trade::orders_of(connection, &[&request.trade_no])?.is_empty())
}

/// Asks for the refund, and where the answer leaves it open, its outcome; writes that down.
fn carry_out(
    access: &Access,
    connection: &mut MysqlConnection,
    merchant: &Merchant,
    request: &RefundRequest,
) -> Result<Option<RefundProof>, Failure> {
    let number = &request.request_no;
    let repeated = request.state == RefundRequestState::Unknown;
    // Before the call: if this program ends from here on, the outcome of the refund is unknown.
    let state = RefundRequestState::Unknown;
    refund_request::note(connection, number, state, Some(NO_ANSWER_YET), None)?;
    let outcome = access.block_on(async {
        Ok(access.gateway().carry_out_refund(merchant, &request.refund(), repeated).await)
    })?;
    let state = worker::refund_state(&outcome, RepeatedBy::Operator);
    refund_request::note(connection, number, state, outcome.reason(), outcome.refunded())?;
    Ok(outcome.proof())
}

/// Whether workers have booked the refund.
fn is_known(connection: &mut MysqlConnection, request: &RefundRequest) -> Result<bool, Failure> {
    let lines = refund::of_order(connection, &request.order_id)?;
    Ok(lines.iter().any(|line| result_of(line, request).is_some()))
}

/// Alipay's answer about a refund that was made before and that workers do not know: whoever was
/// told died, or found no broker. None when Alipay does not give it.
fn prove(
    access: &Access,
    merchant: &Merchant,
    request: &RefundRequest,
) -> Result<Option<RefundProof>, Failure> {
    access.block_on(async { Ok(access.gateway().prove_refund(merchant, &request.refund()).await) })
}

//! Answers to refunds against what was asked for, in one batch.

use std::collections::BTreeMap;

use alipay::Fen;
use order::{ConfirmedRefund, MerchantAccount, OrderRecord, RejectionReason};
use store::refund_request::{self, RefundRequest};
use store::{MysqlConnection, StoreError};

use super::distinct;
use crate::message::{Content, InboundMessage, Rejection};

/// The requests that the answers of a batch name, by number.
#[derive(Default)]
pub(super) struct RequestedRefunds(BTreeMap<String, RefundRequest>);

impl RequestedRefunds {
    /// Reads the requests; no statement for a batch without an answer.
    pub(super) fn load(
        connection: &mut MysqlConnection,
        batch: &[InboundMessage],
    ) -> Result<RequestedRefunds, StoreError> {
        let numbers = distinct(batch.iter().filter_map(|message| match &message.content {
            Ok(Content::RefundAnswer(answer)) => Some(answer.request_no.as_str()),
            _ => None,
        }));
        let requests = refund_request::by_numbers(connection, &numbers)?;
        let by_number = requests.into_iter().map(|request| (request.request_no.clone(), request));
        Ok(RequestedRefunds(by_number.collect()))
    }

    /// An error unless a refund with this number was asked for here, of this trade and amount. Alipay's
    /// answer does not name the number: without this check one answer could count under any number.
    pub(super) fn check(
        &self,
        account: &MerchantAccount,
        answer: &ConfirmedRefund,
    ) -> Result<(), Rejection> {
        let ConfirmedRefund { out_trade_no: order, trade_no, request_no, amount, .. } = answer;
        let Some(request) = self.0.get(request_no) else {
            let evidence = format!("no refund {request_no} was asked for here");
            return Err(mismatch(evidence));
        };
        let asked = (&request.merchant, &request.order_id, &request.trade_no, request.amount);
        if asked == (&account.merchant, order, trade_no, *amount) {
            return Ok(());
        }
        let evidence = format!(
            "refund {request_no} was asked for of {} yuan of trade {} of order {} of merchant {}, and \
             the answer is about {amount} yuan of trade {trade_no} of order {order} of merchant {}",
            request.amount, request.trade_no, request.order_id, request.merchant, account.merchant
        );
        Err(mismatch(evidence))
    }
}

/// An error when this refund and the booked ones together exceed what Alipay has ever reported as refunded for the
/// trade: the answer then belongs to another refund and is repeated.
pub(super) fn fits(record: &OrderRecord, answer: &ConfirmedRefund) -> Result<(), Rejection> {
    let Some(refunded) = answer.refunded else { return Ok(()) };
    let of_trade = || record.refunds.values().filter(|refund| refund.trade_no == answer.trade_no);
    let others: Fen = of_trade()
        .filter(|refund| refund.is_made() && refund.request_no != answer.request_no)
        .filter_map(|refund| refund.amount)
        .fold(Fen::default(), |sum, amount| Fen::new(sum.get().saturating_add(amount.get())));
    let reported = of_trade().filter_map(|refund| refund.running_total).max().unwrap_or_default();
    let reported = reported.max(refunded);
    let sum = Fen::new(others.get().saturating_add(answer.amount.get()));
    if sum <= reported {
        return Ok(());
    }
    let (trade_no, request_no, amount) = (&answer.trade_no, &answer.request_no, answer.amount);
    Err(mismatch(format!(
        "{others} yuan of trade {trade_no} are booked as refunded; with refund {request_no} of {amount} \
         it would be {sum}, and Alipay has said {reported} at most"
    )))
}

fn mismatch(evidence: String) -> Rejection {
    Rejection::new(RejectionReason::RefundAnswerMismatch, evidence)
}

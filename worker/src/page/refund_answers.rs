//! Answers to refunds against what was asked for, in one batch.

use std::collections::{BTreeMap, BTreeSet};

use alipay::Fen;
use order::{Identity, OrderRecord, RefundAnswered, RejectionReason};
use store::refund_request::{self, RefundRequest};
use store::{MysqlConnection, StoreError};

use crate::incoming::{Content, Incoming};
use crate::verdict::Never;

/// The requests that the answers of a batch name, by number.
#[derive(Default)]
pub(super) struct RefundRequests(BTreeMap<String, RefundRequest>);

impl RefundRequests {
    /// Reads the requests; no statement for a batch without an answer.
    pub(super) fn open(
        connection: &mut MysqlConnection,
        batch: &[Incoming],
    ) -> Result<RefundRequests, StoreError> {
        let numbers: BTreeSet<&str> = batch
            .iter()
            .filter_map(|incoming| match &incoming.content {
                Ok(Content::RefundAnswer(said)) => Some(said.request_no.as_str()),
                _ => None,
            })
            .collect();
        let numbers: Vec<&str> = numbers.into_iter().collect();
        let requests = refund_request::by_numbers(connection, &numbers)?;
        let by_number = requests.into_iter().map(|request| (request.request_no.clone(), request));
        Ok(RefundRequests(by_number.collect()))
    }

    /// An error unless a refund with this number was asked for here, of this trade and amount. Alipay's
    /// answer does not name the number, so it could else be told under any.
    pub(super) fn check(&self, identity: &Identity, said: &RefundAnswered) -> Result<(), Never> {
        let RefundAnswered { out_trade_no: order, trade_no, request_no, amount, .. } = said;
        let Some(request) = self.0.get(request_no) else {
            let evidence = format!("no refund {request_no} was asked for here");
            return Err(mismatch(evidence));
        };
        let asked = (&request.merchant, &request.order_id, &request.trade_no, request.amount);
        if asked == (&identity.merchant, order, trade_no, *amount) {
            return Ok(());
        }
        let evidence = format!(
            "refund {request_no} was asked for of {} yuan of trade {} of order {} of merchant {}, and \
             the answer is told of {amount} yuan of trade {trade_no} of order {order} of merchant {}",
            request.amount, request.trade_no, request.order_id, request.merchant, identity.merchant
        );
        Err(mismatch(evidence))
    }
}

/// An error when this refund and those that are booked already are more than Alipay has ever said was
/// refunded of the trade: then the answer is that of another refund, told once more.
pub(super) fn fits(record: &OrderRecord, said: &RefundAnswered) -> Result<(), Never> {
    let Some(refunded) = said.refunded else { return Ok(()) };
    let of_trade = || record.refunds.values().filter(|refund| refund.trade_no == said.trade_no);
    let others: Fen = of_trade()
        .filter(|refund| refund.succeeded() && refund.request_no != said.request_no)
        .filter_map(|refund| refund.amount)
        .fold(Fen::default(), |sum, amount| Fen::new(sum.get().saturating_add(amount.get())));
    let told = of_trade().filter_map(|refund| refund.running_total).max().unwrap_or_default();
    let told = told.max(refunded);
    let sum = Fen::new(others.get().saturating_add(said.amount.get()));
    if sum <= told {
        return Ok(());
    }
    let (trade_no, request_no, amount) = (&said.trade_no, &said.request_no, said.amount);
    Err(mismatch(format!(
        "{others} yuan of trade {trade_no} are booked as refunded; with refund {request_no} of {amount} \
         it would be {sum}, and Alipay has said {told} at most"
    )))
}

fn mismatch(evidence: String) -> Never {
    Never::new(RejectionReason::RefundAnswerMismatch, evidence)
}

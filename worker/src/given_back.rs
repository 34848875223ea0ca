//! What Alipay tells of a rejected payment that an operator has given back (`ops refund --trade-no`).
//!
//! No order has such a trade, so the notification of its refund would become a dead letter beside that of the
//! payment. The request says why the money moved: the refund is booked by its trade's number and the message is
//! done, also where there is no such order at all. Once all of the money is back, a repeat of the payment's
//! notification is done as well.

use std::collections::BTreeSet;

use alipay::{Fen, TradeStatusSync};
use order::{Facts, Refund, RefundRequestState, Remark};
use store::refund::{self, MerchantTrade};
use store::refund_request::{self, RefundRequest};
use store::{MysqlConnection, StoreError};

use crate::inbox::Line;
use crate::incoming::{Content, Incoming};
use crate::verdict::Verdict;

/// Looks at the messages that no order takes: those about a payment that is given back are done. One statement
/// where there is such a message, none else.
pub(crate) fn look(
    connection: &mut MysqlConnection,
    batch: &[Incoming],
    lines: &mut [Line<'_>],
) -> Result<(), StoreError> {
    let rejected: Vec<(usize, &str, &TradeStatusSync)> = batch
        .iter()
        .zip(lines.iter())
        .enumerate()
        .filter_map(|(at, (incoming, line))| {
            let said = about(incoming, line.verdict())?;
            Some((at, incoming.identity.merchant.as_str(), said))
        })
        .collect();
    let trades: BTreeSet<MerchantTrade<'_>> = rejected
        .iter()
        .map(|(_, merchant, said)| MerchantTrade { merchant, trade_no: &said.trade_no })
        .collect();
    let trades: Vec<MerchantTrade<'_>> = trades.into_iter().collect();
    let requests = refund_request::of_rejected(connection, &trades)?;
    if requests.is_empty() {
        return Ok(());
    }
    let known = refund::of_trades(connection, &trades)?;
    let mut refunds: Vec<(&str, Refund)> = Vec::new();
    for (at, merchant, said) in rejected {
        let own: Vec<&RefundRequest> = requests
            .iter()
            .filter(|it| it.merchant == merchant && it.trade_no == said.trade_no)
            .filter(|it| it.order_id == said.out_trade_no)
            .collect();
        let Some(last) = own.last() else { continue };
        if !(tells_of_refund(said) || is_all_back(&own, said.total)) {
            continue;
        }
        let refund = Refund::of_trade(said).filter(|_| is_notification(&batch[at]));
        let is_new = refund.as_ref().is_some_and(|refund| {
            !known.iter().any(|(of, row)| {
                of == merchant
                    && row.trade_no == refund.trade_no
                    && row.refund_key == refund.refund_key
            })
        });
        refunds.extend(refund.map(|refund| (merchant, refund)));
        let evidence = format!(
            "payment {} of {} yuan was rejected, and {} asked for its refund as {}: nothing to do",
            said.trade_no, said.total, last.asked_by, last.request_no
        );
        lines[at].is_explained(Remark::RejectedPaymentGivenBack, evidence, is_new);
    }
    refunds.sort_by(|(merchant, one), (of, other)| {
        (merchant, &one.trade_no, &one.refund_key).cmp(&(of, &other.trade_no, &other.refund_key))
    });
    refunds.dedup();
    let rows: Vec<(&str, &Refund)> =
        refunds.iter().map(|(merchant, refund)| (*merchant, refund)).collect();
    refund::upsert(connection, &rows)?;
    refund_request::settle(connection, &rows)
}

/// What a message says of a trade that its order does not take.
fn about<'a>(incoming: &'a Incoming, verdict: &Verdict) -> Option<&'a TradeStatusSync> {
    match (&incoming.content, verdict) {
        (Ok(Content::Trade(said)), Verdict::Never(_) | Verdict::NotYet)
        // Of an order that is not there an answer has not been looked at yet.
        | (Ok(Content::Answer(said)), Verdict::Never(_)) => Some(said),
        _ => None,
    }
}

fn is_notification(incoming: &Incoming) -> bool {
    matches!(incoming.content, Ok(Content::Trade(_)))
}

fn tells_of_refund(said: &TradeStatusSync) -> bool {
    let refunded = Facts::REFUNDED_IN_PART | Facts::REFUNDED_IN_FULL;
    Facts::of(said).intersects(refunded) || Facts::of_answer(said).contains(Facts::REFUNDED_IN_FULL)
}

/// Whether the refunds that were made are all of the money.
fn is_all_back(requests: &[&RefundRequest], total: Fen) -> bool {
    let made = || requests.iter().filter(|it| it.state == RefundRequestState::Accepted);
    let sum = made().fold(0_i64, |sum, it| sum.saturating_add(it.amount.get()));
    let told = made().filter_map(|it| it.running_total).max().unwrap_or_default();
    Fen::new(sum).max(told) >= total
}

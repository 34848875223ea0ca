//! Which trade, and how much of it can still be refunded.

use alipay::Fen;
use order::RefundRequestState;
use order::refund::is_made;
use order::{Facts, Trade};
use store::refund::RefundLine;
use store::refund_request::RefundRequest;
use store::user_order::OrderRow;

use super::password::is_good;
use crate::failure::Failure;

/// The trade that paid, or the one named of several.
pub(crate) fn paid_trade<'a>(
    row: &OrderRow,
    trades: &'a [Trade],
    named: Option<&str>,
) -> Result<&'a Trade, Failure> {
    let order = &row.id;
    let paid: Vec<&Trade> =
        trades.iter().filter(|trade| trade.facts.contains(Facts::PAID)).collect();
    if let Some(named) = named {
        let found = paid.into_iter().find(|trade| trade.trade_no == named);
        return found.ok_or_else(|| {
            Failure::Refused(format!(
                "no trade {named} paid order {order}, as far as is known here"
            ))
        });
    }
    match paid.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::Refused(format!(
            "order {order} is not paid, as far as is known here; `ops query {order} --apply` asks Alipay, \
             `ops close {order}` closes an unpaid trade"
        ))),
        several => {
            let numbers: Vec<&str> = several.iter().map(|trade| trade.trade_no.as_str()).collect();
            let numbers = numbers.join(", ");
            Err(Failure::Refused(format!(
                "several trades paid order {order}: say which with --trade-no ({numbers})"
            )))
        }
    }
}

/// What of a trade can still be refunded.
pub(crate) struct Refundable {
    pub(crate) trade_no: String,
    pub(crate) amount: Fen,
    /// What was asked for and may still go back, in words.
    waiting: Vec<String>,
}

impl Refundable {
    /// An error when it is less than this.
    pub(crate) fn check(&self, order: &str, amount: Fen) -> Result<(), Failure> {
        let left = self.amount.max(Fen::new(0));
        if left > Fen::new(0) && amount <= left {
            return Ok(());
        }
        let waiting = match self.waiting.join(", ") {
            none if none.is_empty() => none,
            some => format!("; asked for and not known to be refunded: {some}"),
        };
        Err(Failure::Refused(match left == Fen::new(0) {
            true => format!("nothing of order {order} is left to refund{waiting}"),
            false => {
                format!(
                    "{amount} yuan are more than the {left} yuan left of order {order}{waiting}"
                )
            }
        }))
    }
}

/// What of a trade went back, fen: what is `counted` there, or what Alipay answered to one of the requests, whichever is
/// more.
pub(crate) fn refunded_so_far(trade_no: &str, counted: Fen, requests: &[RefundRequest]) -> Fen {
    let of_trade = requests.iter().filter(|request| request.trade_no == trade_no);
    of_trade.filter_map(|request| request.running_total).fold(counted, Fen::max)
}

/// How much of the trade may be asked for: its total, less what went back, less what was asked for
/// and may still go back.
pub(crate) fn refundable(
    order: &str,
    total_fee: i64,
    trade: &Trade,
    lines: &[RefundLine],
    requests: &[RefundRequest],
    batch_day: Option<&str>,
) -> Result<Refundable, Failure> {
    let refused = |why: &str| {
        Failure::Refused(format!("trade {} of order {order} {why}: no refund", trade.trade_no))
    };
    if trade.facts.contains(Facts::FINISHED) {
        return Err(refused("is finished"));
    }
    if trade.facts.contains(Facts::REFUNDED_IN_FULL) {
        return Err(refused("is refunded in full"));
    }
    if trade.facts.contains(Facts::CLOSED) {
        return Err(refused("is closed"));
    }
    if !trade.facts.contains(Facts::PAID) {
        return Err(refused("is not paid"));
    }
    let own = || requests.iter().filter(|request| request.trade_no == trade.trade_no);
    let known = refunded_so_far(&trade.trade_no, trade.refunded_fee, requests);
    let is_counted = |request: &RefundRequest| {
        request.running_total.is_some_and(|total| total <= known)
            || lines.iter().any(|line| result_of(line, request).is_some())
    };
    let waiting: Vec<&RefundRequest> = own()
        .filter(|request| request.state != RefundRequestState::Refused && !is_counted(request))
        .filter(|request| batch_day.is_none_or(|day| is_good(request, day)))
        .collect();
    let sum = waiting.iter().fold(0_i64, |sum, it| sum.saturating_add(it.amount.get()));
    let words = waiting
        .iter()
        .map(|it| format!("{} yuan as {} ({})", it.amount, it.request_no, it.state.as_str()));
    Ok(Refundable {
        trade_no: trade.trade_no.clone(),
        amount: Fen::new((total_fee - known.get()).saturating_sub(sum)),
        waiting: words.collect(),
    })
}

/// Whether the refund of this request succeeded; `None` while Alipay has not notified of it.
pub(crate) fn result_of(line: &RefundLine, request: &RefundRequest) -> Option<bool> {
    let same = line.request_no == request.request_no && line.trade_no == request.trade_no;
    same.then(|| is_made(line.result.as_deref()))
}

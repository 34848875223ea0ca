//! Compares the rows of `refund` with what their trades count.

use alipay::Fen;
use order::{Facts, OrderRecord, ReviewReason, Trade};

use super::GapKind;
use super::finding::Findings;
use super::subject::Subject;

/// Compares each trade with its refunds. How they add up is computed here once more, on purpose: the sum that a worker
/// makes ([`Trade`], in `recount`) is what is audited. `recount` is the record with every refund counted.
pub(crate) fn check(subject: &Subject, recount: &OrderRecord, found: &mut Findings) {
    let total = subject.stored.terms.total_fee;
    if subject.refunds.is_empty()
        && subject.stored.trades.values().all(|trade| {
            !trade.facts.contains(Facts::REFUNDED_IN_FULL) && trade.refunded_fee == Fen::new(0)
        })
    {
        return;
    }
    for (trade_no, trade) in &subject.stored.trades {
        let counted = recount.trades.get(trade_no).unwrap_or(trade);
        let of_trade = || subject.refunds.iter().filter(|refund| refund.trade_no == *trade_no);
        let batches: i64 = of_trade()
            .filter(|refund| refund.is_made())
            .filter_map(|refund| refund.amount)
            .fold(0, |sum, amount| sum.saturating_add(amount.get()));
        let running = of_trade().filter_map(|refund| refund.running_total).max();
        let reported = running.unwrap_or(Fen::new(0)).max(Fen::new(batches));
        let full = counted.facts.contains(Facts::REFUNDED_IN_FULL);
        let due = if full { total } else { reported.min(total) };
        let is = trade.refunded_fee;
        if counted.facts != trade.facts {
            let lacks = (counted.facts - trade.facts).to_column();
            let what = format!("trade {trade_no} lacks {lacks}; refunds come to {reported} yuan");
            found.add(GapKind::RefundNotCounted, what);
        } else if is < due && of_trade().any(order::Refund::states_success) {
            let what = format!("trade {trade_no} counts {is} of {due} yuan");
            found.add(GapKind::RefundNotCounted, what);
        } else if is > total || is < Fen::new(0) {
            let what = format!("trade {trade_no}: {is} of {total} yuan");
            found.add(GapKind::RefundAboveTotal, what);
        } else if is != due && !(is > due && may_be_answered(trade)) {
            let what = format!("trade {trade_no} says {is}, its refunds come to {due} yuan");
            found.add(GapKind::RefundTotalDiffers, what);
        }
        let is_raised =
            subject.cases.iter().any(|case| case.reason == ReviewReason::RefundAboveTotal.as_str());
        if counted.refund_above_total && !is_raised {
            let what = format!("trade {trade_no}: {reported} of {total} yuan");
            found.add(GapKind::RefundAboveTotal, what);
        }
    }
}

/// A query answer states how much was refunded, but not by which request, so there is no row in `refund`
/// for it. It confirms the payment, or reports a close.
fn may_be_answered(trade: &Trade) -> bool {
    trade.facts.contains(Facts::REFUNDED_IN_PART)
        && trade.facts.intersects(Facts::CONFIRMED_PAID | Facts::CLOSED)
}

//! Refunds of an order's trades, with the amount of each.

use diesel::prelude::*;
use order::refund::is_of_answer;
use serde::Serialize;

use crate::BeijingTime;
use crate::schema::{refund, trade, user_order};
use crate::{MysqlConnection, Result};

/// One refund. Amounts are fen.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize)]
#[diesel(table_name = refund)]
pub struct RefundLine {
    /// The trade that was refunded.
    pub trade_no: String,
    /// `batch_no` (legacy) or `out_biz_no` (Open Platform).
    pub request_no: String,
    /// This refund alone: as told (legacy batch, answers), or what the running total grew by.
    pub amount: Option<i64>,
    /// The trade's total after it (Open Platform).
    pub running_total: Option<i64>,
    /// `SUCCESS`, or the error code of a batch item; a notification of the Open Platform has none.
    pub result: Option<String>,
    /// When it was refunded.
    pub gmt_refund: Option<BeijingTime>,
    #[serde(skip)]
    refund_key: String,
}

impl RefundLine {
    /// Whether it comes from an answer and not from a notification.
    fn by_answer(&self) -> bool {
        is_of_answer(&self.refund_key)
    }
}

/// The refunds of this order's trades, by trade and time. A refund that both an answer and a notification
/// report is one line.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<RefundLine>> {
    let of_trade =
        refund::merchant.eq(user_order::merchant).and(refund::trade_no.eq(trade::trade_no));
    let lines = user_order::table
        .inner_join(trade::table.on(trade::order_id.eq(user_order::id)))
        .inner_join(refund::table.on(of_trade))
        .filter(user_order::id.eq(order_id))
        .order((refund::trade_no, refund::gmt_refund, refund::running_total, refund::refund_key))
        .select(RefundLine::as_select())
        .load(connection)?;
    Ok(with_amounts(lines))
}

/// The refunds of one trade, whether an order knows it or not.
pub fn of_trade(
    connection: &mut MysqlConnection,
    merchant: &str,
    trade_no: &str,
) -> Result<Vec<RefundLine>> {
    let lines = refund::table
        .filter(refund::merchant.eq(merchant).and(refund::trade_no.eq(trade_no)))
        .order((refund::gmt_refund, refund::running_total, refund::refund_key))
        .select(RefundLine::as_select())
        .load(connection)?;
    Ok(with_amounts(lines))
}

fn with_amounts(lines: Vec<RefundLine>) -> Vec<RefundLine> {
    let mut lines = one_line_a_refund(lines);
    derive_amounts(&mut lines);
    lines
}

/// Joins what answers and notifications say about the same refund: answers have its amount, notifications
/// its time to the millisecond. The lower total is the one right after the refund.
fn one_line_a_refund(lines: Vec<RefundLine>) -> Vec<RefundLine> {
    let (answers, mut told): (Vec<RefundLine>, Vec<RefundLine>) =
        lines.into_iter().partition(RefundLine::by_answer);
    for answer in answers {
        let same = |line: &&mut RefundLine| {
            line.trade_no == answer.trade_no && line.request_no == answer.request_no
        };
        match told.iter_mut().find(same) {
            Some(line) => {
                line.amount = line.amount.or(answer.amount);
                line.running_total = match (line.running_total, answer.running_total) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
                line.gmt_refund = line.gmt_refund.or(answer.gmt_refund);
            }
            None => told.push(answer),
        }
    }
    told.sort_by(|one, other| {
        let key = |line: &RefundLine| (line.gmt_refund.map(|at| at.0), line.running_total);
        (&one.trade_no, key(one)).cmp(&(&other.trade_no, key(other)))
    });
    told
}

/// Notifications send the running total of a trade, not this refund's amount, so a single amount is the
/// difference to the total before. `lines` are sorted by trade and time.
fn derive_amounts(lines: &mut [RefundLine]) {
    let mut before: Option<(String, i64)> = None;
    for line in lines {
        let so_far = match &before {
            Some((trade_no, so_far)) if *trade_no == line.trade_no => *so_far,
            _ => 0,
        };
        // The total in an answer to a later query may include later refunds.
        let step = line.running_total.map(|total| total.saturating_sub(so_far));
        line.amount = line.amount.or(step);
        let after = match (line.by_answer(), line.running_total) {
            (false, Some(total)) => total,
            (true, _) => so_far.saturating_add(line.amount.unwrap_or_default()),
            (false, None) => continue,
        };
        before = Some((line.trade_no.clone(), after));
    }
}

#[cfg(test)]
mod tests {
    use super::{RefundLine, derive_amounts};

    fn line(trade_no: &str, running_total: Option<i64>, amount: Option<i64>) -> RefundLine {
        RefundLine {
            trade_no: trade_no.to_owned(),
            request_no: String::new(),
            amount,
            running_total,
            result: None,
            gmt_refund: None,
            refund_key: String::new(),
        }
    }

    fn at(line: RefundLine, request_no: &str, second: u32, by_answer: bool) -> RefundLine {
        let at = chrono::DateTime::from_timestamp(1_800_000_000 + i64::from(second), 0).unwrap();
        RefundLine {
            request_no: request_no.to_owned(),
            gmt_refund: Some(crate::BeijingTime(at)),
            refund_key: if by_answer { "R@" } else { "R@2026-11-23" }.to_owned(),
            ..line
        }
    }

    #[test]
    fn an_answer_and_a_notification_of_one_refund_are_one_line() {
        let mut lines = super::one_line_a_refund(vec![
            // Asked again after the second refund: the total counts both.
            at(line("a", Some(350), Some(100)), "R1", 0, true),
            at(line("a", Some(350), None), "R2", 9, false),
            at(line("a", None, Some(10)), "R3", 20, true),
            at(line("a", Some(400), None), "R4", 25, false),
            at(line("b", Some(350), None), "R1", 0, false),
            at(line("c", Some(400), Some(300)), "R9", 7, true),
            at(line("c", Some(100), None), "R8", 5, false),
            at(line("c", Some(400), None), "R9", 8, false),
        ]);
        derive_amounts(&mut lines);
        let told: Vec<(&str, &str, Option<i64>)> = lines
            .iter()
            .map(|line| (line.trade_no.as_str(), line.request_no.as_str(), line.amount))
            .collect();
        assert_eq!(
            told,
            [
                ("a", "R1", Some(100)),
                ("a", "R2", Some(250)),
                ("a", "R3", Some(10)),
                ("a", "R4", Some(40)),
                ("b", "R1", Some(350)),
                ("c", "R8", Some(100)),
                ("c", "R9", Some(300)),
            ]
        );
    }

    #[test]
    fn single_amounts_are_the_steps_of_the_running_total_within_a_trade() {
        let mut lines = [
            line("a", None, Some(7)), // a legacy batch tells its own amount
            line("a", Some(100), None),
            line("a", Some(350), None),
            line("b", Some(20), None),
        ];
        derive_amounts(&mut lines);
        assert_eq!(lines.map(|line| line.amount), [Some(7), Some(100), Some(250), Some(20)]);
    }
}

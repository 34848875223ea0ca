//! One case with what can be decided about it.

use alipay::Fen;
use config::Config;
use order::{Decision, Facts, ImpossibleDecision, ReviewReason, ReviewState};
use serde::Serialize;
use store::review::{self, ReviewRow};
use store::{MysqlConnection, snapshot};

use crate::failure::Failure;
use crate::operations::order::details::OrderDetails;
use crate::operations::order::missing_order;

/// A case and its order.
pub(crate) struct ReviewCase {
    pub(crate) row: ReviewRow,
    pub(crate) page: OrderDetails,
}

/// A decision that is possible, with the command that takes it.
#[derive(Debug, Serialize)]
pub(crate) struct Choice {
    pub(crate) decision: &'static str,
    pub(crate) trade_no: Option<String>,
    pub(crate) meaning: &'static str,
    pub(crate) command: String,
}

impl ReviewCase {
    /// Reads a case with its order, as of one moment.
    pub(crate) fn read(
        connection: &mut MysqlConnection,
        config: &Config,
        id: i64,
    ) -> Result<ReviewCase, Failure> {
        snapshot(connection, |connection| {
            let Some(row) = review::find(connection, id)? else {
                return Err(Failure::NotFound(format!("there is no review {id}")));
            };
            let Some(page) = OrderDetails::read(connection, config, &row.order_id)? else {
                return Err(missing_order(&row.order_id));
            };
            Ok(ReviewCase { row, page })
        })
    }

    /// Trades that paid, of which a refund has to name one where there are several.
    pub(crate) fn trades_paid(&self) -> Vec<&str> {
        let paid = self.page.trades.iter().filter(|trade| trade.has(Facts::PAID));
        paid.map(|trade| trade.trade_no.as_str()).collect()
    }

    /// Whether the decision has to name a trade.
    pub(crate) fn needs_trade(&self, decision: Decision) -> bool {
        known_reason(&self.row).is_some_and(|reason| decision.must_name_trade(reason))
    }

    /// What can be decided, each with its command; nothing where the case has ended.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        if !is_open(&self.row) {
            return Vec::new();
        }
        let possible = decisions(&self.row).iter();
        possible
            .flat_map(|decision| {
                let trades: Vec<Option<&str>> = if self.needs_trade(*decision) {
                    self.trades_paid().into_iter().map(Some).collect()
                } else {
                    vec![None]
                };
                trades.into_iter().map(|trade_no| self.choice(*decision, trade_no))
            })
            .collect()
    }

    /// Refuses what no worker would accept.
    pub(crate) fn check(&self, decision: Decision, trade_no: Option<&str>) -> Result<(), Failure> {
        let row = &self.row;
        let Some(reason) = known_reason(row) else {
            let text =
                format!("this version does not know the reason {} of the review", row.reason);
            return Err(Failure::Usage(text));
        };
        decision.check(reason, trade_no).map_err(|impossible| match impossible {
            ImpossibleDecision::NoTrade => Failure::Usage(format!(
                "more than one trade paid: --trade-no says which was refunded, one of {}",
                self.trades_paid().join(", ")
            )),
            other => Failure::Usage(other.to_string()),
        })?;
        let all: Vec<&str> = self.page.trades.iter().map(|trade| trade.trade_no.as_str()).collect();
        if let Some(trade_no) = trade_no.filter(|it| !all.contains(it)) {
            let all = all.join(", ");
            return Err(Failure::Usage(format!(
                "the order has no trade {trade_no}: its trades are {all}"
            )));
        }
        if is_open(row) {
            return Ok(());
        }
        let by = row.decided_by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        let at = row.ended_at.map(|at| format!(" at {at}")).unwrap_or_default();
        let what = row.decision.as_deref().map(|what| format!(", {what}")).unwrap_or_default();
        Err(Failure::Refused(format!(
            "review {} is {}{by} already{at}{what}; nothing was sent",
            row.id, row.state
        )))
    }

    fn choice(&self, decision: Decision, trade_no: Option<&str>) -> Choice {
        let trade = trade_no.map(|trade_no| format!(" --trade-no {trade_no}")).unwrap_or_default();
        let (id, word) = (self.row.id, decision.as_str());
        Choice {
            decision: word,
            trade_no: trade_no.map(str::to_owned),
            meaning: effect(decision),
            command: format!("ops review decide {id} {word}{trade} --note \"...\""),
        }
    }
}

/// The evidence as a person reads it: an amount in yuan, where it is one in fen.
pub(crate) fn evidence(row: &ReviewRow) -> String {
    match (known_reason(row), row.evidence.parse::<i64>()) {
        (Some(ReviewReason::PartialRefund), Ok(fen)) => format!("{} yuan went back", Fen::new(fen)),
        _ => row.evidence.clone(),
    }
}

/// Whether it waits for a person.
pub(crate) fn is_open(row: &ReviewRow) -> bool {
    row.state == ReviewState::Open
}

/// The words of the decisions that answer this case.
pub(crate) fn possible(row: &ReviewRow) -> Vec<&'static str> {
    decisions(row).iter().map(|decision| decision.as_str()).collect()
}

/// The decisions that answer this case; none to a reason that this version does not know.
pub(crate) fn decisions(row: &ReviewRow) -> &'static [Decision] {
    known_reason(row).map_or(&[], Decision::possible)
}

/// The reason, where this version knows it.
pub(crate) fn known_reason(row: &ReviewRow) -> Option<ReviewReason> {
    row.reason.parse().ok()
}

/// What follows from a decision.
pub(crate) fn effect(decision: Decision) -> &'static str {
    match decision {
        Decision::Paid => "the money is with us: the trade counts as paid, goods go out",
        Decision::Refunded => {
            "all money of the trade went back: if that was the order's money, goods come back too"
        }
        Decision::Accepted => "the late payment is accepted: goods go out",
        Decision::Delivered => "a person has delivered the goods",
        Decision::TakenBack => "a person has taken the goods back",
        Decision::Noted => "seen: money, goods and status stay as they are",
    }
}

/// What the reason means, in a sentence.
pub(crate) fn meaning(row: &ReviewRow) -> &'static str {
    known_reason(row).map_or("", ReviewReason::meaning)
}

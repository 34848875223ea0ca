//! Operators' decisions about reviews, in one batch: rows of the table `decision`, which messages name.

use std::collections::{BTreeMap, BTreeSet};

use order::{
    Decision, DecisionState, ImpossibleDecision, OrderRecord, RejectionReason, ReviewReason,
    ReviewState,
};
use store::decision::{self, DecisionRow, EndedDecision};
use store::review::{self, Case, Decided};
use store::{MysqlConnection, StoreError, refund_request, trade};

use super::distinct;
use crate::message::{Content, InboundMessage, NamedDecision, Rejection};

/// The decisions that a batch is to look at and the reviews that they are about, by number. No other
/// transaction ends them meanwhile: their orders are locked.
#[derive(Default)]
pub(crate) struct Decisions {
    rows: BTreeMap<i64, DecisionRow>,
    cases: BTreeMap<i64, Case>,
    /// Trades, as (order, trade number), that are being refunded.
    on_its_way: BTreeSet<(String, String)>,
    /// The orders that know a trade which a person confirms as paid, by its number.
    known_trades: Vec<(String, String)>,
    /// Reviews that are ended here, with the decision that does it.
    taken: BTreeMap<i64, i64>,
    ended: BTreeMap<i64, End>,
}

/// The outcome of a decision, and why where it was refused.
struct End {
    state: DecisionState,
    error: Option<String>,
}

/// What the inbox keeps of a decision.
#[derive(Debug, Clone)]
pub(crate) struct NotedDecision {
    pub(crate) trade_no: Option<String>,
    pub(crate) decision: String,
}

impl Decisions {
    /// Reads the decisions and their reviews; no statement for a batch without a decision.
    pub(super) fn load(
        connection: &mut MysqlConnection,
        batch: &[InboundMessage],
    ) -> Result<Decisions, StoreError> {
        let numbers = distinct(batch.iter().filter_map(|message| match &message.content {
            Ok(Content::Decision(named)) => Some(named.number),
            _ => None,
        }));
        let rows = decision::by_ids(connection, &numbers)?;
        let reviews = distinct(rows.iter().map(|row| row.review_id));
        let cases: BTreeMap<i64, Case> =
            review::by_ids(connection, &reviews)?.into_iter().collect();
        let accepted = rows.iter().filter(|row| row.decision == Decision::Accepted.as_str());
        let accepted = distinct(accepted.map(|row| row.order_id.as_str()));
        let on_its_way = refund_request::on_its_way(connection, &accepted)?.into_iter().collect();
        let doubted = cases.values().filter(|case| case.reason.is_doubt());
        let doubted = distinct(doubted.map(|case| case.evidence.as_str()));
        let known_trades = trade::orders_of(connection, &doubted)?;
        Ok(Decisions {
            known_trades,
            rows: rows.into_iter().map(|row| (row.id, row)).collect(),
            cases,
            on_its_way,
            ..Decisions::default()
        })
    }

    /// What the inbox keeps of the decision that a message names.
    pub(super) fn noted(&self, named: &NamedDecision) -> Option<NotedDecision> {
        let row = self.row(named)?;
        Some(NotedDecision { trade_no: row.trade_no.clone(), decision: row.decision.clone() })
    }

    fn row(&self, named: &NamedDecision) -> Option<&DecisionRow> {
        self.rows.get(&named.number).filter(|row| row.order_id == named.order)
    }

    /// Applies what was decided to the order, whatever the message says of it. `false` when the decision or
    /// its review has ended already.
    pub(super) fn apply(
        &mut self,
        record: &mut OrderRecord,
        named: &NamedDecision,
    ) -> Result<bool, Rejection> {
        let NamedDecision { order, number } = named;
        let row = self.rows.get(number).filter(|row| row.order_id == *order);
        let Some(row) = row else {
            let evidence = format!("there is no decision {number} about order {order}");
            return Err(Rejection::new(RejectionReason::DecisionWithoutRow, evidence));
        };
        match (row.state, self.ended.get(number).map(|end| end.state)) {
            (DecisionState::Open, None) => {}
            (DecisionState::Refused, _) | (_, Some(DecisionState::Refused)) => {
                let why = row.error.as_deref().unwrap_or("it was refused");
                let evidence = format!("{why} (decision {number} has ended: decide again)");
                return Err(Rejection::new(RejectionReason::ImpossibleDecision, evidence));
            }
            _ => return Ok(false),
        }
        let judged = self.judge(record, row);
        let state = match &judged {
            Ok(true) => DecisionState::Applied,
            Ok(false) => DecisionState::Moot,
            Err(_) => DecisionState::Refused,
        };
        if state == DecisionState::Applied {
            self.taken.insert(row.review_id, *number);
        }
        let error = judged.as_ref().err().map(|rejection| rejection.error.clone());
        self.ended.insert(*number, End { state, error });
        judged
    }

    /// Whether the decision ends its review; it is then applied to the order.
    fn judge(&self, record: &mut OrderRecord, row: &DecisionRow) -> Result<bool, Rejection> {
        let Some(case) = self.case(row) else {
            let evidence = format!("order {} has no review {}", row.order_id, row.review_id);
            return Err(Rejection::new(RejectionReason::UnknownReview, evidence));
        };
        let decision = Decision::read(&row.decision)
            .map_err(|error| Rejection::new(RejectionReason::ImpossibleDecision, error))?;
        if case.state != ReviewState::Open || self.taken.contains_key(&row.review_id) {
            return Ok(false);
        }
        let impossible =
            |error: ImpossibleDecision| Rejection::new(RejectionReason::ImpossibleDecision, error);
        // Such a review is about one trade; a decision that names another one is impossible.
        let is_about_one = case.reason == ReviewReason::LatePayment || case.reason.is_doubt();
        let about = is_about_one.then_some(case.evidence.as_str());
        if let (Some(about), Some(named)) = (about, row.trade_no.as_deref())
            && about != named
        {
            let trade_no = named.to_owned();
            return Err(impossible(match case.reason {
                ReviewReason::LatePayment => ImpossibleDecision::NotLate { trade_no },
                _ => ImpossibleDecision::Trade { trade_no },
            }));
        }
        let trade_no = about.or(row.trade_no.as_deref());
        if decision == Decision::Paid
            && case.reason.is_doubt()
            && let Some(order) = self.other_order(case)
        {
            let (trade_no, order) = (case.evidence.clone(), order.to_owned());
            return Err(impossible(ImpossibleDecision::TradeOfAnother { trade_no, order }));
        }
        if decision == Decision::Accepted
            && let Some(trade_no) = trade_no.map(str::to_owned)
            && self.on_its_way.contains(&(row.order_id.clone(), trade_no.clone()))
        {
            // The buyer must not have both goods and money.
            return Err(impossible(ImpossibleDecision::RefundUnderWay { trade_no }));
        }
        record
            .apply_decision(decision, case.reason, trade_no, row.decided_at)
            .map_err(impossible)?;
        Ok(true)
    }

    fn case(&self, row: &DecisionRow) -> Option<&Case> {
        self.cases.get(&row.review_id).filter(|case| case.order_id == row.order_id)
    }

    /// Another order that knows the trade of a doubtful notification. Its writer chose the trade number:
    /// the trade may be genuine and have paid for something else.
    fn other_order(&self, case: &Case) -> Option<&str> {
        let other =
            |(trade, order): &&(String, String)| *trade == case.evidence && *order != case.order_id;
        self.known_trades.iter().find(other).map(|(_, order)| order.as_str())
    }

    /// The trade of a doubtful notification that a person confirms as paid: it needs a row.
    pub(super) fn confirmed_trade(&self, named: &NamedDecision) -> Option<&str> {
        let row = self.row(named)?;
        let case = self.case(row)?;
        let is_confirmed = row.decision == Decision::Paid.as_str() && case.reason.is_doubt();
        let is_open = row.state == DecisionState::Open && case.state == ReviewState::Open;
        let is_free = self.other_order(case).is_none();
        (is_confirmed && is_open && is_free).then_some(case.evidence.as_str())
    }

    /// Ends the decisions and the reviews.
    pub(crate) fn write(&self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        let decided: Vec<Decided<'_>> = self
            .taken
            .iter()
            .filter_map(|(review, number)| Some((review, self.rows.get(number)?)))
            .map(|(review, row)| Decided {
                id: *review,
                decision: &row.decision,
                decided_by: &row.decided_by,
                note: &row.note,
                ended_at: Some(row.decided_at),
            })
            .collect();
        review::decide(connection, &decided)?;
        let ended: Vec<EndedDecision<'_>> = self
            .ended
            .iter()
            .map(|(id, end)| EndedDecision {
                id: *id,
                state: end.state,
                error: end.error.as_deref(),
            })
            .collect();
        decision::end(connection, &ended)
    }
}

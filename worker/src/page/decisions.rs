//! What persons decided about reviews, in one batch: rows of the table `decision`, which messages name.

use std::collections::{BTreeMap, BTreeSet};

use order::{
    Decision, DecisionState, ImpossibleDecision, OrderRecord, RejectionReason, ReviewReason,
    ReviewState,
};
use store::decision::{self, DecisionRow, EndedDecision};
use store::review::{self, Case, Decided};
use store::{MysqlConnection, StoreError, refund_request, trade};

use crate::incoming::{Content, DecisionNamed, Incoming};
use crate::verdict::Never;

/// The decisions that a batch is to look at and the reviews that they are about, by number. Nobody
/// else ends them meanwhile: their orders are locked.
#[derive(Default)]
pub(crate) struct Decisions {
    rows: BTreeMap<i64, DecisionRow>,
    cases: BTreeMap<i64, Case>,
    /// Trades, as (order, trade number), whose money is on its way back.
    on_its_way: BTreeSet<(String, String)>,
    /// The orders that know a trade which a person says was paid, by its number.
    known_trades: Vec<(String, String)>,
    /// Reviews that are ended here, with the decision that does it.
    taken: BTreeMap<i64, i64>,
    ended: BTreeMap<i64, End>,
}

/// What became of a decision.
enum End {
    Applied,
    /// Its review had ended already, by another decision or because later facts made it moot.
    Moot,
    Refused(String),
}

/// What the inbox notes of a decision.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    pub(crate) trade_no: Option<String>,
    pub(crate) decision: String,
}

impl Decisions {
    /// Reads the decisions and their reviews; no statement for a batch without a decision.
    pub(super) fn open(
        connection: &mut MysqlConnection,
        batch: &[Incoming],
    ) -> Result<Decisions, StoreError> {
        let numbers: BTreeSet<i64> = batch
            .iter()
            .filter_map(|incoming| match &incoming.content {
                Ok(Content::Decision(named)) => Some(named.number),
                _ => None,
            })
            .collect();
        let rows = decision::by_ids(connection, &numbers.into_iter().collect::<Vec<_>>())?;
        let reviews: BTreeSet<i64> = rows.iter().map(|row| row.review_id).collect();
        let cases = review::by_ids(connection, &reviews.into_iter().collect::<Vec<_>>())?;
        let accepted: BTreeSet<&str> = rows
            .iter()
            .filter(|row| row.decision == Decision::Accepted.as_str())
            .map(|row| row.order_id.as_str())
            .collect();
        let accepted: Vec<&str> = accepted.into_iter().collect();
        let on_its_way = refund_request::on_its_way(connection, &accepted)?.into_iter().collect();
        let cases: BTreeMap<i64, Case> =
            cases.into_iter().map(|numbered| (numbered.id, numbered.case)).collect();
        let doubted: BTreeSet<&str> = cases
            .values()
            .filter(|case| case.reason.is_doubt())
            .map(|case| case.evidence.as_str())
            .collect();
        let doubted: Vec<&str> = doubted.into_iter().collect();
        let known_trades = trade::orders_of(connection, &doubted)?;
        Ok(Decisions {
            known_trades,
            rows: rows.into_iter().map(|row| (row.id, row)).collect(),
            cases,
            on_its_way,
            ..Decisions::default()
        })
    }

    /// What the inbox notes of the decision that a message names.
    pub(super) fn noted(&self, named: &DecisionNamed) -> Option<Noted> {
        let row = self.rows.get(&named.number).filter(|row| row.order_id == named.order)?;
        Some(Noted { trade_no: row.trade_no.clone(), decision: row.decision.clone() })
    }

    /// Tells the order what was decided, whatever the message says of it. `false` when the decision or
    /// its review has ended already.
    pub(super) fn apply(
        &mut self,
        record: &mut OrderRecord,
        named: &DecisionNamed,
    ) -> Result<bool, Never> {
        let DecisionNamed { order, number } = named;
        let row = self.rows.get(number).filter(|row| row.order_id == *order);
        let Some(row) = row else {
            let evidence = format!("nobody has decided number {number} about order {order}");
            return Err(Never::new(RejectionReason::DecisionWithoutRow, evidence));
        };
        match (row.state, self.ended.get(number)) {
            (DecisionState::Open, None) => {}
            (DecisionState::Refused, _) | (_, Some(End::Refused(_))) => {
                let why = row.error.as_deref().unwrap_or("it was refused");
                let evidence = format!("{why} (decision {number} has ended: decide again)");
                return Err(Never::new(RejectionReason::ImpossibleDecision, evidence));
            }
            _ => return Ok(false),
        }
        let (end, said) = match self.judge(record, row) {
            Ok(true) => (End::Applied, Ok(true)),
            Ok(false) => (End::Moot, Ok(false)),
            Err(never) => (End::Refused(never.error.clone()), Err(never)),
        };
        if matches!(end, End::Applied) {
            self.taken.insert(row.review_id, *number);
        }
        self.ended.insert(*number, end);
        said
    }

    /// Whether the decision ends its review, which it then has told the order.
    fn judge(&self, record: &mut OrderRecord, row: &DecisionRow) -> Result<bool, Never> {
        let case = self.cases.get(&row.review_id).filter(|case| case.order_id == row.order_id);
        let Some(case) = case else {
            let evidence = format!("order {} has no review {}", row.order_id, row.review_id);
            return Err(Never::new(RejectionReason::UnknownReview, evidence));
        };
        let decision = Decision::read(&row.decision)
            .map_err(|error| Never::new(RejectionReason::ImpossibleDecision, error))?;
        if case.state != ReviewState::Open || self.taken.contains_key(&row.review_id) {
            return Ok(false);
        }
        let impossible =
            |error: ImpossibleDecision| Never::new(RejectionReason::ImpossibleDecision, error);
        // Such a review is about one trade, whichever the person names.
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
            // Goods and money must not both be with the buyer.
            return Err(impossible(ImpossibleDecision::RefundUnderWay { trade_no }));
        }
        record
            .learn_decision(decision, case.reason, trade_no, row.decided_at)
            .map_err(impossible)?;
        Ok(true)
    }

    /// Another order that knows the trade of a notification that was not believed. Whoever wrote it chose the
    /// number: it may be paid, and for something else.
    fn other_order(&self, case: &Case) -> Option<&str> {
        let other =
            |(trade, order): &&(String, String)| *trade == case.evidence && *order != case.order_id;
        self.known_trades.iter().find(other).map(|(_, order)| order.as_str())
    }

    /// The trade of a notification that was not believed, and that a person says was paid: it needs a row.
    pub(super) fn believed_trade(&self, named: &DecisionNamed) -> Option<&str> {
        let row = self.rows.get(&named.number).filter(|row| row.order_id == named.order)?;
        let case = self.cases.get(&row.review_id).filter(|case| case.order_id == row.order_id)?;
        let believed = row.decision == Decision::Paid.as_str() && case.reason.is_doubt();
        let is_open = row.state == DecisionState::Open && case.state == ReviewState::Open;
        let is_free = self.other_order(case).is_none();
        (believed && is_open && is_free).then_some(case.evidence.as_str())
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
            .map(|(id, end)| {
                let (state, error) = match end {
                    End::Applied => (DecisionState::Applied, None),
                    End::Moot => (DecisionState::Moot, None),
                    End::Refused(why) => (DecisionState::Refused, Some(why.as_str())),
                };
                EndedDecision { id: *id, state: state.as_str(), error }
            })
            .collect();
        decision::end(connection, &ended)
    }
}

//! What persons decided about reviews, in one batch.

use std::collections::{BTreeMap, BTreeSet};

use order::doubt::is_doubt;
use order::{Decision, ImpossibleDecision, OrderRecord};
use store::MysqlConnection;
use store::review::{self, Decided, NumberedCase};
use store::{StoreError, refund_request};

use crate::incoming::{Content, DecisionSaid, Incoming};
use crate::verdict::Never;

/// The reviews that a batch decides about, by number. Nobody else ends them meanwhile: their orders
/// are locked.
#[derive(Default)]
pub(crate) struct Decisions {
    cases: BTreeMap<i64, NumberedCase>,
    /// Trades, as (order, trade number), whose money is on its way back.
    on_its_way: BTreeSet<(String, String)>,
    taken: BTreeMap<i64, DecisionSaid>,
}

impl Decisions {
    /// Reads the reviews; no statement for a batch without a decision.
    pub(super) fn open(
        connection: &mut MysqlConnection,
        batch: &[Incoming],
    ) -> Result<Decisions, StoreError> {
        let ids: BTreeSet<i64> = batch
            .iter()
            .filter_map(|incoming| match &incoming.content {
                Ok(Content::Decision(said)) => Some(said.review),
                _ => None,
            })
            .collect();
        let cases = review::by_ids(connection, &ids.into_iter().collect::<Vec<_>>())?;
        let cases = cases.into_iter().map(|case| (case.id, case)).collect();
        let accepted: BTreeSet<&str> = batch
            .iter()
            .filter_map(|incoming| match &incoming.content {
                Ok(Content::Decision(said)) if said.decision == Decision::Accepted => {
                    Some(said.order.as_str())
                }
                _ => None,
            })
            .collect();
        let accepted: Vec<&str> = accepted.into_iter().collect();
        let on_its_way = refund_request::on_its_way(connection, &accepted)?.into_iter().collect();
        Ok(Decisions { cases, on_its_way, taken: BTreeMap::new() })
    }

    /// Tells the order what was decided. `false` when its review has ended already, by another
    /// decision or because later facts made it moot.
    pub(super) fn apply(
        &mut self,
        record: &mut OrderRecord,
        said: &DecisionSaid,
    ) -> Result<bool, Never> {
        let case = self.cases.get(&said.review).filter(|case| case.order_id == said.order);
        let Some(case) = case else {
            let evidence = format!("order {} has no review {}", said.order, said.review);
            return Err(Never::new("unknown_review", evidence));
        };
        if case.state != "open" || self.taken.contains_key(&said.review) {
            return Ok(false);
        }
        let impossible = |error: ImpossibleDecision| Never::new("impossible_decision", error);
        // Such a review is about one trade, whichever the person names.
        let is_about_one = case.reason == "late_payment" || is_doubt(&case.reason);
        let about = is_about_one.then_some(case.evidence.as_str());
        if let (Some(about), Some(named)) = (about, said.trade_no.as_deref())
            && about != named
        {
            let trade_no = named.to_owned();
            return Err(impossible(match case.reason.as_str() {
                "late_payment" => ImpossibleDecision::NotLate { trade_no },
                _ => ImpossibleDecision::Trade { trade_no },
            }));
        }
        let trade_no = about.or(said.trade_no.as_deref());
        if said.decision == Decision::Accepted
            && let Some(trade_no) = trade_no.map(str::to_owned)
            && self.on_its_way.contains(&(said.order.clone(), trade_no.clone()))
        {
            // Goods and money must not both be with the buyer.
            return Err(impossible(ImpossibleDecision::RefundUnderWay { trade_no }));
        }
        record
            .learn_decision(said.decision, &case.reason, trade_no, said.at)
            .map_err(impossible)?;
        self.taken.insert(said.review, said.clone());
        Ok(true)
    }

    /// The trade of a notification that was not believed, and that a person says was paid: it needs a row.
    pub(super) fn believed_trade(&self, said: &DecisionSaid) -> Option<&str> {
        let case = self.cases.get(&said.review).filter(|case| case.order_id == said.order)?;
        let believed = said.decision == Decision::Paid && is_doubt(&case.reason);
        (believed && case.state == "open").then_some(case.evidence.as_str())
    }

    /// Ends the reviews.
    pub(crate) fn write(&self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        let decided: Vec<Decided<'_>> = self
            .taken
            .iter()
            .map(|(id, said)| Decided {
                id: *id,
                decision: said.decision.as_str(),
                decided_by: &said.decided_by,
                note: &said.note,
                ended_at: Some(said.at),
            })
            .collect();
        review::decide(connection, &decided)
    }
}

//! What persons decided about reviews, in one batch.

use std::collections::{BTreeMap, BTreeSet};

use diesel::mysql::MysqlConnection;
use order::OrderRecord;
use store::StoreError;
use store::review::{self, Decided, NumberedCase};

use crate::incoming::{Content, DecisionSaid, Incoming};
use crate::verdict::Never;

/// The reviews that a batch decides about, by number. Nobody else ends them meanwhile: their orders
/// are locked.
#[derive(Default)]
pub(crate) struct Decisions {
    cases: BTreeMap<i64, NumberedCase>,
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
        Ok(Decisions { cases, taken: BTreeMap::new() })
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
        record
            .learn_decision(said.decision, &case.reason, said.trade_no.as_deref(), said.at)
            .map_err(|error| Never::new("impossible_decision", error))?;
        self.taken.insert(said.review, said.clone());
        Ok(true)
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

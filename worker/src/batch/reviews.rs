//! Opens and settles review cases, so that the open ones are those that the orders call for now.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use order::{Review, ReviewState};
use store::review::{self, Case, ReviewChange};
use store::{MysqlConnection, StoreError};

use super::loaded_order::LoadedOrder;

/// Brings the `review` rows of the orders up to date and returns which orders have an open
/// one. A case that a person decided stays decided; one that later facts made unnecessary is settled.
pub(super) fn bring_up_to_date(
    connection: &mut MysqlConnection,
    orders: &BTreeMap<String, LoadedOrder>,
) -> Result<BTreeSet<String>, StoreError> {
    let mut wanted: BTreeMap<&str, Vec<Review>> = BTreeMap::new();
    for (id, order) in orders {
        let mut reviews = order.record.reviews(&order.record.state());
        reviews.extend(order.raised.iter().cloned());
        if !reviews.is_empty() || order.locked.needs_review {
            wanted.insert(id, reviews);
        }
    }
    let ids: Vec<&str> = wanted.keys().copied().collect();
    let mut on_record: HashMap<String, Vec<Case>> = HashMap::new();
    for case in review::of_orders(connection, &ids)? {
        on_record.entry(case.order_id.clone()).or_default().push(case);
    }
    let mut open = BTreeSet::new();
    let mut changes = Vec::new();
    for (id, reviews) in &wanted {
        let cases = on_record.get(*id).map_or(&[][..], Vec::as_slice);
        let resolved = orders.get(*id).map(|order| &order.resolved);
        for review in reviews {
            let known = cases
                .iter()
                .find(|case| case.reason == review.reason && case.evidence == review.evidence);
            let state = known.map(|case| case.state);
            if state != Some(ReviewState::Decided) {
                open.insert((*id).to_owned());
            }
            if matches!(state, None | Some(ReviewState::Settled)) {
                changes.push(ReviewChange {
                    order_id: id,
                    reason: review.reason.as_str(),
                    evidence: &review.evidence,
                    state: ReviewState::Open,
                });
            }
        }
        for case in cases.iter().filter(|case| case.state == ReviewState::Open) {
            let still_wanted = reviews
                .iter()
                .any(|review| case.reason == review.reason && case.evidence == review.evidence);
            // Nothing in the order says whether such a review has ended.
            let stays = case.reason.is_raised_by_event()
                && !resolved.is_some_and(|reasons| reasons.contains(&case.reason));
            if stays {
                open.insert((*id).to_owned());
            } else if !still_wanted {
                changes.push(ReviewChange {
                    order_id: id,
                    reason: case.reason.as_str(),
                    evidence: &case.evidence,
                    state: ReviewState::Settled,
                });
            }
        }
    }
    changes.sort();
    review::upsert(connection, &changes)?;
    Ok(open)
}

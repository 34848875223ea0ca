//! Reviews: what the order calls for, and what a person was given.

use order::{OrderRecord, OrderState, ReviewReason};

use super::GapKind;
use super::finding::Findings;
use super::subject::Subject;
use crate::plural::count;

/// Compares the reviews that `record` calls for with those in the database.
pub(crate) fn check(
    subject: &Subject,
    record: &OrderRecord,
    state: &OrderState,
    found: &mut Findings,
) {
    let open = subject.cases.iter().filter(|case| case.open).count();
    if subject.row.needs_review != (open > 0) {
        let is = u8::from(subject.row.needs_review);
        found.add(GapKind::WrongNeedsReview, format!("is {is}, {} open", count(open, "review")));
    }
    for case in subject
        .cases
        .iter()
        .filter(|case| case.open && case.reason == ReviewReason::NotAtAlipay.as_str())
    {
        found.add(GapKind::NotAtAlipay, format!("the gateway says: {}", case.evidence));
    }
    for review in record.reviews(state) {
        let given = subject
            .cases
            .iter()
            .any(|case| case.reason == review.reason.as_str() && case.evidence == review.evidence);
        // Reported with its amounts by the check of refunds.
        if !given && review.reason != ReviewReason::RefundAboveTotal {
            let what = format!("{} {}", review.reason, review.evidence);
            found.add(GapKind::ReviewMissing, what.trim_end().to_owned());
        }
    }
}

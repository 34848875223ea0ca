//! Why there is no request on record.

use store::StoreError;

use super::equal::Equal;
use crate::failure::Failure;

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum NotAgreed {
    /// An equal refund was asked for a moment ago, and nobody has said that another one is meant.
    Equal(Equal),
    /// All else.
    Failed(Failure),
}

impl From<diesel::result::Error> for NotAgreed {
    fn from(error: diesel::result::Error) -> NotAgreed {
        NotAgreed::Failed(error.into())
    }
}

impl From<StoreError> for NotAgreed {
    fn from(error: StoreError) -> NotAgreed {
        NotAgreed::Failed(error.into())
    }
}

impl From<Failure> for NotAgreed {
    fn from(failure: Failure) -> NotAgreed {
        NotAgreed::Failed(failure)
    }
}

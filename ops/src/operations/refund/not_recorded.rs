//! Why no request was stored.

use store::StoreError;

use super::equal::Equal;
use crate::failure::Failure;

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum NotRecorded {
    /// An equal refund was requested a moment ago, and the operator has not confirmed a second one.
    Equal(Equal),
    /// All else.
    Failed(Failure),
}

impl From<diesel::result::Error> for NotRecorded {
    fn from(error: diesel::result::Error) -> NotRecorded {
        NotRecorded::Failed(error.into())
    }
}

impl From<StoreError> for NotRecorded {
    fn from(error: StoreError) -> NotRecorded {
        NotRecorded::Failed(error.into())
    }
}

impl From<Failure> for NotRecorded {
    fn from(failure: Failure) -> NotRecorded {
        NotRecorded::Failed(failure)
    }
}

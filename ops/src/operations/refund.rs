//! Refunds that an operator asks for.

pub(crate) mod ask_workers;
pub(crate) mod books;
pub(crate) mod call;
pub(crate) mod equal;
pub(crate) mod find_or_create;
pub(crate) mod not_recorded;
pub(crate) mod password;
pub(crate) mod refundable;
pub(crate) mod rejected;

use store::refund_request::RefundRequest;

use self::books::RefundTotals;
use self::find_or_create::PriorRefund;
use crate::failure::Failure;

/// A refund as it stands after an operator asked for it.
pub(crate) struct Refunded {
    pub(crate) request: RefundRequest,
    pub(crate) books: RefundTotals,
    pub(crate) before: PriorRefund,
    /// For the person who types the payment password.
    pub(crate) link: Option<String>,
    /// Whether it is made, or the link is there; otherwise why not.
    pub(crate) ended: Result<(), Failure>,
}

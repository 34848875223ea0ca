//! `batch_refund_notify`, the results of a refund request at the legacy gateway (docs/protocol.md §3).

use chrono::{DateTime, Utc};

use crate::parameters::Parameters;
use crate::{Fen, ResultDetailsError, Unreadable, result_details};

/// The notification `batch_refund_notify`. It carries no order number, no seller and no total: the
/// batch number and the trade numbers are its only links to orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRefundNotify {
    /// The number of the refund request, checked like an order number.
    pub batch_no: String,
    /// When this delivery was attempted.
    pub notify_time: Option<DateTime<Utc>>,
    /// How many refunds Alipay says that worked, where it is a number: a summary, which decides
    /// nothing. See [`BatchRefundNotify::count_differs`].
    pub success_num: Option<usize>,
    /// The results, in their order; at least one.
    pub items: Vec<BatchRefundItem>,
}

/// The outcome of one refund of the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRefundItem {
    /// The trade, checked like an order number.
    pub trade_no: String,
    /// The amount of this refund.
    pub amount: Fen,
    /// `SUCCESS` or the code of an error. Codes outside Alipay's published table occur.
    pub result: String,
    /// Whether the money goes back to a bank card, where Alipay says so.
    pub bank: Option<BankReturn>,
    /// The service fee that was given back together with the refund.
    pub fee: Option<FeeLeg>,
}

impl BatchRefundItem {
    /// Whether the money was refunded: the result is `SUCCESS`, every other word is a failure.
    pub fn succeeded(&self) -> bool {
        self.result == "SUCCESS"
    }

    /// The refund was made, and the bank sent the money back: the buyer does not have it.
    pub fn is_sent_back(&self) -> bool {
        let failed = |bank: &BankReturn| bank.to_bank && bank.state == BankReturnState::Failed;
        self.succeeded() && self.bank.as_ref().is_some_and(failed)
    }
}

/// How a refund returns to a bank card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankReturn {
    /// Whether the money goes back to a bank card at all.
    pub to_bank: bool,
    /// How far that is.
    pub state: BankReturnState,
}

/// How far a return to a bank card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankReturnState {
    /// `S`: done.
    Done,
    /// `F`: failed.
    Failed,
    /// `P`: in progress.
    InProgress,
}

/// The service fee given back with a refund, a transfer with a result of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeLeg {
    /// The account that receives the fee, a mail address or telephone number.
    pub account: String,
    /// The user number of that account.
    pub user_id: String,
    /// The fee.
    pub amount: Fen,
    /// `SUCCESS` or the code of an error; says nothing about the refund itself.
    pub result: String,
}

impl BatchRefundNotify {
    /// Its `notify_type`.
    pub const NOTIFY_TYPE: &str = "batch_refund_notify";

    /// Whether a form with this `notify_type` is one.
    pub fn is_meant(notify_type: &[u8]) -> bool {
        notify_type == BatchRefundNotify::NOTIFY_TYPE.as_bytes()
    }

    pub(crate) fn read(parameters: &Parameters<'_>) -> Result<BatchRefundNotify, Unreadable> {
        let details = parameters.required("result_details")?;
        Ok(BatchRefundNotify {
            batch_no: parameters.number("batch_no")?,
            notify_time: parameters.time("notify_time")?,
            success_num: parameters.form.get("success_num").and_then(count),
            items: BatchRefundItem::parse_details(&details)?,
        })
    }

    /// What is odd where `success_num` is not the number of items with the result `SUCCESS`.
    ///
    /// The items decide anyway: each names its trade, amount and result, which the trade's own
    /// notification confirms, while the number names nothing that could be booked.
    pub fn count_differs(&self) -> Option<String> {
        let announced = self.success_num?;
        let succeeded = self.items.iter().filter(|item| item.succeeded()).count();
        (announced != succeeded).then(|| {
            let items = self.items.len();
            format!("success_num is {announced}, but {succeeded} of {items} items say SUCCESS")
        })
    }
}

/// A number of digits alone. What is none decides nothing either, so it makes nothing unreadable.
fn count(text: &[u8]) -> Option<usize> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

impl BatchRefundItem {
    /// Reads the value of `result_details`: items joined by `#`.
    ///
    /// ```text
    /// item    = refund [ "$" fee ] *( "|" royalty ) [ "$$" subtrade ]
    /// refund  = trade_no "^" amount "^" result [ "^" "true"/"false" "^" "S"/"F"/"P" ]
    /// fee     = account "^" user_id "^" amount "^" result
    /// ```
    ///
    /// Royalties and the sub-trade are transfers between other accounts; they are passed over.
    ///
    /// # Errors
    /// [`ResultDetailsError`] with the number of the item.
    pub fn parse_details(details: &str) -> Result<Vec<BatchRefundItem>, ResultDetailsError> {
        result_details::parse(details)
    }
}

#[cfg(test)]
mod tests {
    use super::BatchRefundNotify;

    #[test]
    fn the_notify_type_alone_says_that_a_form_is_a_batch_refund() {
        assert!(BatchRefundNotify::is_meant(b"batch_refund_notify"));
        for other in ["", "trade_status_sync", "batch_refund_notify ", "BATCH_REFUND_NOTIFY"] {
            assert!(!BatchRefundNotify::is_meant(other.as_bytes()), "{other}");
        }
    }
}

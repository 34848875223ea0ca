//! Refunds that an operator asks for.

pub(crate) mod ask_workers;
pub(crate) mod equal;
mod find_or_create;
mod find_rejected;
mod not_recorded;
mod openapi;
mod password;
pub(crate) mod refund_once;
mod refundable;
mod target;
mod totals;

use alipay::{Fen, Protocol};
use config::Merchant;
use order::RefundRequestState;
use serde::{Serialize, Serializer};
use store::MysqlConnection;
use store::refund_request::RefundRequest;

use self::find_or_create::{PriorRefund, RefundCommand, dry_run_find_or_create};
use self::not_recorded::NotRecorded;
use self::totals::RefundTotals;
use crate::failure::Failure;

/// A refund after an operator asked for it.
#[derive(Serialize)]
pub(crate) struct Refunded {
    pub(crate) order: String,
    merchant: String,
    #[serde(skip)]
    pub(crate) protocol: Protocol,
    pub(crate) trade_no: String,
    pub(crate) request_no: String,
    #[serde(serialize_with = "in_fen")]
    pub(crate) amount: Fen,
    reason: String,
    /// Who asked first.
    pub(crate) asked_by: String,
    pub(crate) state: &'static str,
    pub(crate) error: Option<String>,
    /// Fen: all refunds of the trade with this one, where Alipay's answer has it.
    refunded_fee: Option<i64>,
    /// The same refund was asked for before.
    pub(crate) repeated: bool,
    /// Alipay had refunded it before this command.
    #[serde(skip)]
    pub(crate) was_made: bool,
    /// The payment was rejected: no order has its trade.
    pub(crate) of_rejected: bool,
    /// Nothing is written down, and nothing was sent.
    pub(crate) dry_run: bool,
    #[serde(flatten)]
    pub(crate) totals: RefundTotals,
    /// For the person who types the payment password.
    pub(crate) link: Option<String>,
    /// Whether it is made, or the link is there; otherwise why not.
    #[serde(skip)]
    pub(crate) ended: Result<(), Failure>,
}

impl Refunded {
    fn new(
        merchant: &Merchant,
        request: RefundRequest,
        before: PriorRefund,
        totals: RefundTotals,
    ) -> Refunded {
        Refunded {
            protocol: merchant.protocol,
            order: request.order_id,
            merchant: request.merchant,
            trade_no: request.trade_no,
            request_no: request.request_no,
            amount: request.amount,
            reason: request.reason,
            asked_by: request.asked_by,
            state: request.state.as_str(),
            error: request.error,
            refunded_fee: request.running_total.map(Fen::get),
            repeated: before != PriorRefund::Nothing,
            was_made: before == PriorRefund::Made,
            of_rejected: request.of_rejected,
            dry_run: false,
            totals,
            link: None,
            ended: Ok(()),
        }
    }
}

/// What the command would do; nothing is written down or sent.
fn dry_run(
    connection: &mut MysqlConnection,
    command: &RefundCommand<'_>,
) -> Result<Refunded, NotRecorded> {
    let recorded = dry_run_find_or_create(connection, command)?;
    let totals = RefundTotals::read(connection, &recorded.request, command.rejected)?;
    let before = match recorded.request.state {
        RefundRequestState::Accepted => PriorRefund::Made,
        _ => recorded.before(),
    };
    let refunded = Refunded::new(command.merchant, recorded.request, before, totals);
    Ok(Refunded { dry_run: true, ..refunded })
}

fn in_fen<S: Serializer>(amount: &Fen, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(amount.get())
}

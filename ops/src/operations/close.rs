//! Closes an unpaid order at Alipay.

use alipay::{AnswerError, CloseAnswer, TradeRef};
use gateway::{Gateway, GatewayError};
use order::PaymentState;
use serde::Serialize;
use store::{BeijingTime, MysqlConnection};

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::gateway_answer::could_not_ask;
use crate::operations::order::{check_unpaid, find, payment};
use crate::operations::refund::ask_workers::ask_workers;

/// The outcome of the order's trade at Alipay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CloseOutcome {
    /// Alipay closed it.
    Closed,
    /// It was closed before, and nothing was sent.
    AlreadyClosed,
    /// Alipay knows no such trade.
    NotExist,
    /// Alipay did not close it because of the trade's state.
    Refused,
}

/// An order after an attempt to close it.
#[derive(Serialize)]
pub(crate) struct Closed {
    pub(crate) order: String,
    merchant: String,
    #[serde(rename = "answer")]
    pub(crate) outcome: CloseOutcome,
    /// When Alipay closed it, of one that is closed already.
    pub(crate) closed_at: Option<BeijingTime>,
    pub(crate) error: Option<String>,
    /// Whether the request that workers query the gateway was published.
    #[serde(skip)]
    pub(crate) workers_told: Result<(), Failure>,
}

/// Closes an order that is not paid, and has workers ask for its outcome.
pub(crate) fn close(
    access: &Access,
    connection: &mut MysqlConnection,
    order: &str,
) -> Result<Closed, Failure> {
    let row = find(connection, order)?;
    if payment(&row) == Some(PaymentState::ClosedUnpaid) {
        return Ok(Closed {
            order: row.id,
            merchant: row.merchant,
            outcome: CloseOutcome::AlreadyClosed,
            closed_at: row.finish_dtime,
            error: None,
            workers_told: Ok(()),
        });
    }
    check_unpaid(&row, "only an unpaid one is closed")?;
    let merchant = access.merchant(&row.merchant)?;
    Gateway::can_ask(merchant).map_err(|error| could_not_ask(&error))?;
    let which = TradeRef::OutTradeNo(order);
    let answer = access.block_on(async { Ok(access.gateway().close(merchant, which).await) })?;
    let (outcome, error) = match answer {
        Ok(CloseAnswer::Closed) => (CloseOutcome::Closed, None),
        Ok(CloseAnswer::NotExist) => (CloseOutcome::NotExist, None),
        Err(error) if is_about_the_trade(&error) => {
            (CloseOutcome::Refused, Some(error.to_string()))
        }
        Err(error) => return Err(could_not_ask(&error)),
    };
    let workers_told = ask_workers(access, &merchant.name, order);
    let merchant = row.merchant;
    Ok(Closed { order: row.id, merchant, outcome, closed_at: None, error, workers_told })
}

/// Whether Alipay refuses because of the trade's state; other refusals are about the request.
fn is_about_the_trade(error: &GatewayError) -> bool {
    matches!(
        error,
        GatewayError::Answer(AnswerError::Refused { code, .. })
            if code.contains("STATUS") || code.starts_with("ACQ.TRADE_HAS")
    )
}

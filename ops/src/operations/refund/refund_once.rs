//! A refund from what an operator asks for to its result.

use alipay::{Fen, Protocol};
use gateway::Gateway;
use store::MysqlConnection;

use super::equal::Equal;
use super::find_or_create::{RefundCommand, find_or_create};
use super::not_recorded::NotRecorded;
use super::{Refunded, dry_run, openapi, password, target};
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::gateway_answer::could_not_ask;

/// What an operator asks for.
pub(crate) struct WantedRefund<'a> {
    /// The order; none where the trade alone is named.
    pub(crate) order: Option<&'a str>,
    pub(crate) trade_no: Option<&'a str>,
    /// None: all that is left.
    pub(crate) amount: Option<Fen>,
    pub(crate) reason: &'a str,
    pub(crate) request_no: Option<&'a str>,
    /// Where the legacy gateway sends the result.
    pub(crate) notify_url: Option<&'a str>,
    pub(crate) by: &'a str,
    /// It is meant as another refund, also where an equal one was made a moment ago.
    pub(crate) again: bool,
    /// Nothing is written or sent.
    pub(crate) dry_run: bool,
}

/// Refunds it, or makes the link for the payment password. Where an equal refund of the order was asked for a moment ago,
/// `means_another` says whether this is another one; none where nobody can be asked.
pub(crate) fn refund(
    access: &Access,
    connection: &mut MysqlConnection,
    wanted: &WantedRefund<'_>,
    means_another: impl FnOnce(&str, &Equal) -> Option<bool>,
) -> Result<Refunded, Failure> {
    let target = target::find(access, connection, wanted.order, wanted.trade_no)?;
    let merchant = access.merchant(&target.merchant)?;
    // Before anything is written down: a configuration that cannot ask leaves no trace.
    Gateway::can_ask(merchant).map_err(|error| could_not_ask(&error))?;
    let rejected = target.rejected.as_ref().map(|rejected| &rejected.payment);
    let mut command = RefundCommand {
        order: &target.order,
        merchant,
        amount: wanted.amount,
        reason: wanted.reason,
        request_no: wanted.request_no,
        trade_no: wanted.trade_no,
        by: wanted.by,
        rejected,
        again: wanted.again,
    };
    match merchant.protocol {
        Protocol::Openapi if wanted.notify_url.is_some() => {
            return Err(Failure::Usage(
                "--notify-url: the Open Platform tells the address of the payment".to_owned(),
            ));
        }
        Protocol::Openapi => {}
        Protocol::Mapi => password::check(merchant, &command)?,
    }
    if wanted.dry_run {
        return dry_run(connection, &command).map_err(|error| refused(&target.order, error));
    }
    let recorded = match find_or_create(connection, &command) {
        // Nothing is locked while the person thinks, so everything is looked at once more afterwards.
        Err(NotRecorded::Equal(equal)) => match means_another(&target.order, &equal) {
            Some(true) => {
                command.again = true;
                find_or_create(connection, &command)
            }
            Some(false) => return Err(Failure::Refused("nothing was refunded".to_owned())),
            None => Err(NotRecorded::Equal(equal)),
        },
        other => other,
    };
    let recorded = recorded.map_err(|error| refused(&target.order, error))?;
    match merchant.protocol {
        Protocol::Openapi => openapi::call(access, connection, merchant, recorded, rejected),
        Protocol::Mapi => {
            password::link_of(connection, merchant, recorded, rejected, wanted.notify_url)
        }
    }
}

/// Why nothing was done, and what to do.
fn refused(order: &str, not_recorded: NotRecorded) -> Failure {
    match not_recorded {
        NotRecorded::Failed(failure) => failure,
        NotRecorded::Equal(equal) => Failure::Refused(format!(
            "nothing was refunded: {equal} of order {order}\nFor a second refund of the same amount repeat with \
             --again."
        )),
    }
}

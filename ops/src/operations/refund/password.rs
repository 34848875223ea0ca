//! The legacy gateway: a link for the person who types the payment password.

use alipay::{Fen, PlatformRefund, PlatformRefundItem, link};
use chrono::Utc;
use config::Merchant;
use order::RefundRequestState;
use order::RejectedPayment;
use store::MysqlConnection;
use store::refund_request::RefundRequest;
use tracing::warn;

use super::Refunded;
use super::find_or_create::{RecordedRequest, RefundCommand};
use super::totals::RefundTotals;
use crate::failure::Failure;
use crate::operations::pay_link::browser::{asker, bad_request, seller};

/// Whether a batch can still be confirmed on a day, `20261123`.
pub(crate) fn is_good(request: &RefundRequest, day: &str) -> bool {
    request.request_no.starts_with(day)
}

/// An error for what a batch cannot carry, before it is written down: a batch like it is signed and
/// thrown away.
pub(crate) fn check(merchant: &Merchant, command: &RefundCommand<'_>) -> Result<(), Failure> {
    let amount = command.amount.unwrap_or(Fen::new(1));
    let items = [PlatformRefundItem { trade_no: "1", amount, reason: command.reason }];
    let now = Utc::now();
    let day = PlatformRefund { serial: "", items: &[], notify_url: None }.batch_no(now);
    let serial =
        command.request_no.map_or("abc", |number| number.strip_prefix(&day).unwrap_or(number));
    let batch = PlatformRefund { serial, items: &items, notify_url: None };
    let asker = asker(merchant)?;
    let (account, seller) = (asker.account, seller(merchant)?);
    let form = batch.mapi(account, seller, asker.charset, now, &asker.signer);
    form.map(drop).map_err(|error| bad_request(&error))
}

/// Makes the link, unless Alipay has refunded it.
pub(crate) fn link_of(
    connection: &mut MysqlConnection,
    merchant: &Merchant,
    agreed: RecordedRequest,
    rejected: Option<&RejectedPayment>,
    notify_url: Option<&str>,
) -> Result<Refunded, Failure> {
    let before = agreed.before();
    let request = agreed.request;
    let totals = RefundTotals::read(connection, &request, rejected)?;
    if request.state == RefundRequestState::Accepted {
        return Ok(Refunded::new(merchant, request, before, totals));
    }
    let asker = asker(merchant)?;
    let items = [PlatformRefundItem {
        trade_no: &request.trade_no,
        amount: request.amount,
        reason: &request.reason,
    }];
    let (_, serial) = request.request_no.split_at_checked(8).unwrap_or_default();
    let batch = PlatformRefund { serial, items: &items, notify_url };
    let now = Utc::now();
    if batch.batch_no(now) != request.request_no {
        return Err(Failure::Refused(
            "it is another day in Beijing now: repeat the command".to_owned(),
        ));
    }
    let (account, seller) = (asker.account, seller(merchant)?);
    let form = batch.mapi(account, seller, asker.charset, now, &asker.signer);
    let form = form.map_err(|error| bad_request(&error))?;
    if notify_url.is_none() {
        warn!("no --notify-url: Alipay may send no notification of the result");
    }
    let link = Some(link(&merchant.gateway, &form));
    Ok(Refunded { link, ..Refunded::new(merchant, request, before, totals) })
}

//! What a request for a batch of refunds says. (docs/protocol.md §9.2)

use std::collections::BTreeSet;

use alipay::{Fen, parse_beijing};
use chrono::{DateTime, Utc};

use super::Alipay;
use super::mapi::{ErrorCode, MapiCall};
use crate::trade::beijing_digits;

/// The most refunds of one batch.
const MAX_ITEMS: usize = 1000;
/// The most bytes of a reason.
const LONGEST_REASON: usize = 256;

/// A batch that waits for its password.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    /// The merchant's name in the configuration.
    pub(super) merchant: String,
    pub(super) batch_no: String,
    pub(super) notify_url: Option<String>,
    pub(super) items: Vec<Item>,
}

/// One refund of it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) trade_no: String,
    pub(super) amount: Fen,
    pub(super) reason: String,
}

impl Batch {
    /// Reads and checks the request.
    pub(super) fn read(call: &MapiCall<'_>) -> Result<Batch, ErrorCode> {
        let seller = &call.account.merchant;
        match (call.text("seller_user_id")?, call.text("seller_email")?) {
            (None, None) => return Err("ILLEGAL_SELLER"),
            (Some(id), _) if id != seller.seller_id => return Err("SELLER_INFO_NOT_EXIST"),
            _ => {}
        }
        parse_beijing(&call.needed("refund_date")?).map_err(|_| "REFUND_DATE_ERROR")?;
        let batch_no = call.needed("batch_no")?;
        check_batch_no(&batch_no, call.alipay.now())?;
        let items = items(&call.needed("detail_data")?)?;
        if call.needed("batch_num")?.parse() != Ok(items.len()) {
            return Err("BATCH_NUM_NOT_EQUAL_TOTAL");
        }
        let notify_url = call.text("notify_url")?;
        let batch = Batch { merchant: call.account.name.clone(), batch_no, notify_url, items };
        batch.check_unused(call.alipay)?;
        Ok(batch)
    }

    /// A batch number refunds once. Asked again at the password: two requests may wait for one.
    pub(super) fn check_unused(&self, alipay: &Alipay) -> Result<(), ErrorCode> {
        let used = alipay.trade_store.read(|trades| {
            let orders = trades.merchants.get(&self.merchant);
            let mut kept = orders.into_iter().flat_map(|orders| orders.values().flatten());
            kept.any(|kept| kept.trade.refund_of(&self.batch_no).is_some())
        });
        match used {
            Ok(false) => Ok(()),
            Ok(true) => Err("DUPLICATE_BATCH_NO"),
            Err(_) => Err("SYSTEM_ERROR"),
        }
    }
}

/// Today's date in Beijing and 3 to 24 letters or digits, not `000`.
fn check_batch_no(batch_no: &str, at: DateTime<Utc>) -> Result<(), ErrorCode> {
    let (day, serial) = batch_no.split_at_checked(8).ok_or("BATCH_NO_FORMAT_ERROR")?;
    let good = (3..=24).contains(&serial.len())
        && serial.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && serial != "000";
    match (good, day == beijing_digits(at, 8)) {
        (false, _) => Err("BATCH_NO_FORMAT_ERROR"),
        (true, false) => Err("REFUND_DATE_ERROR"),
        (true, true) => Ok(()),
    }
}

/// `trade_no^amount^reason` joined by `#`.
fn items(details: &str) -> Result<Vec<Item>, ErrorCode> {
    let mut seen = BTreeSet::new();
    let mut items = Vec::new();
    for detail in details.split('#') {
        let parts: Vec<&str> = detail.split('^').collect();
        let &[trade_no, amount, reason] = parts.as_slice() else {
            return Err("DETAIL_DATA_FORMAT_ERROR");
        };
        let amount = Fen::parse(amount).map_err(|_| "REFUND_AMOUNT_NOT_VALID")?;
        if amount <= Fen::new(0) {
            return Err("REFUND_AMOUNT_NOT_VALID");
        }
        if reason.contains(['|', '$']) {
            return Err("DETAIL_DATA_FORMAT_ERROR");
        }
        if reason.len() > LONGEST_REASON {
            return Err("SINGLE_DETAIL_DATA_EXCEED_LIMIT");
        }
        if !seen.insert(trade_no) {
            return Err("DUBL_TRADE_NO_IN_SAME_BATCH");
        }
        items.push(Item { trade_no: trade_no.to_owned(), amount, reason: reason.to_owned() });
        if items.len() > MAX_ITEMS {
            return Err("BATCH_NUM_EXCEED_LIMIT");
        }
    }
    Ok(items)
}

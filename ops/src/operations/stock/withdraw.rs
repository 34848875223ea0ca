//! Takes codes out of the stock, and puts them back.

use diesel::Connection as _;
use serde::Serialize;
use store::MysqlConnection;
use store::stock::withdrawal::{self, NewWithdrawal, Withdrawal};

use super::intake::{self, KnownCodes};
use crate::failure::Failure;
use crate::operations::product;

/// Codes that were taken out of the stock.
#[derive(Serialize)]
pub(crate) struct Withdrawn {
    product_id: String,
    /// Its number; null when no code was taken.
    pub(crate) withdrawal: Option<i64>,
    pub(crate) withdrawn: Vec<String>,
    /// Codes that were asked for and are not available.
    pub(crate) not_available: Vec<String>,
}

/// Takes these codes out of the stock, or `count` of those that were imported last. Who, why and the codes are committed
/// before anything is printed.
pub(crate) fn withdraw(
    connection: &mut MysqlConnection,
    new: &NewWithdrawal<'_>,
    mut codes: Vec<String>,
    count: i64,
) -> Result<Withdrawn, Failure> {
    product::find(connection, new.product_id)?;
    let withdrawal = connection.transaction(|connection| {
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        Ok::<_, Failure>(withdrawal::withdraw(connection, new, &codes, count)?)
    })?;
    service::crash_point!("stock_withdraw.recorded");
    let withdrawn = match withdrawal {
        Some(id) => withdrawal::codes(connection, id)?,
        None => Vec::new(),
    };
    codes.retain(|code| !withdrawn.contains(code));
    let product_id = new.product_id.to_owned();
    Ok(Withdrawn { product_id, withdrawal, withdrawn, not_available: codes })
}

/// The codes of a withdrawal once more.
pub(crate) fn withdrawn(connection: &mut MysqlConnection, id: i64) -> Result<Withdrawn, Failure> {
    Ok(Withdrawn {
        product_id: find(connection, id)?.product_id,
        withdrawal: Some(id),
        withdrawn: withdrawal::codes(connection, id)?,
        not_available: Vec::new(),
    })
}

/// A withdrawal whose codes are on sale again.
#[derive(Serialize)]
pub(crate) struct PutBack {
    withdrawal: i64,
    pub(crate) product_id: String,
    pub(crate) put_back: usize,
    /// Codes that the product has again by another import.
    pub(crate) already_there: usize,
}

/// Puts the codes of a withdrawal back, all of them, once.
pub(crate) fn put_back(
    connection: &mut MysqlConnection,
    id: i64,
    by: &str,
    reason: &str,
    also_in_other_products: bool,
) -> Result<PutBack, Failure> {
    // Two at once: the second one waits and sees what the first has noted.
    intake::lock(connection)?;
    let withdrawal = find(connection, id)?;
    if let (Some(at), Some(who)) = (withdrawal.put_back_at, &withdrawal.put_back_by) {
        return Err(Failure::Refused(format!("withdrawal {id} was put back at {at} by {who}")));
    }
    let product_id = withdrawal.product_id;
    let codes = withdrawal::codes(connection, id)?;
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let known = KnownCodes::look(connection, &product_id, &codes)?;
    if let Some(other) = known.elsewhere.first().filter(|_| !also_in_other_products) {
        return Err(Failure::Refused(format!(
            "nothing was put back: product {} or others have {} of the codes by now, and each would be sold twice; \
             say --also-in-other-products to put them back anyway",
            other.product_id,
            known.elsewhere.len()
        )));
    }
    let put_back = intake::add(connection, &product_id, &codes, |connection| {
        Ok(withdrawal::note_put_back(connection, id, by, reason)?)
    })?;
    Ok(PutBack { withdrawal: id, product_id, put_back, already_there: codes.len() - put_back })
}

fn find(connection: &mut MysqlConnection, id: i64) -> Result<Withdrawal, Failure> {
    withdrawal::find(connection, id, false)?.ok_or_else(|| {
        Failure::Refused(format!("there is no withdrawal {id}: ops stock withdrawals lists them"))
    })
}

//! The account that an order's subscription is granted to.

use store::MysqlConnection;
use store::user_order::{self, NamedAccount};

use super::missing_order;
use crate::failure::Failure;

/// Sets the account of an order; false where the order has been granted to this account already.
///
/// # Errors
/// [`Failure::Refused`] where another account has the goods.
pub(crate) fn set_account(
    connection: &mut MysqlConnection,
    id: &str,
    account: &str,
) -> Result<bool, Failure> {
    match user_order::name_account(connection, id, account)? {
        NamedAccount::Done => Ok(true),
        NamedAccount::Granted { to } if to == account => Ok(false),
        NamedAccount::NoOrder => Err(missing_order(id)),
        NamedAccount::Granted { to } => Err(Failure::Refused(format!(
            "order {id} has been granted to account {to:?}, which is not changed"
        ))),
    }
}

//! Where a code is: in the stock, with a buyer, or taken out.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use order::CodeState;
use serde::Serialize;

use crate::column::EnumText;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// A product that has or had a code, and what became of it there.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize)]
pub struct CodePlace {
    /// The product.
    pub product_id: String,
    /// What became of it.
    pub state: CodeState,
    /// The order that has it, or had it before it was returned.
    pub order_id: Option<String>,
    /// The number of the withdrawal that took it out.
    pub withdrawal: Option<i64>,
}

/// Where this code is; those with an order first. Withdrawals that were put back are left out: their codes are in the stock.
pub fn places(connection: &mut MysqlConnection, code: &str) -> Result<Vec<CodePlace>> {
    let mut places: Vec<CodePlace> = static_sql(include_str!("place.sql"))
        .text(code)
        .text(code)
        .text(code)
        .columns::<(Text, EnumText<CodeState>, Nullable<Text>, Nullable<BigInt>)>()
        .load(connection)?;
    places.sort_by(|one, other| {
        let key = |place: &CodePlace| (place.order_id.is_none(), place.product_id.clone());
        key(one).cmp(&key(other))
    });
    Ok(places)
}

//! The columns of who took part, which `user_order` and `trade` have alike.

use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use order::Parties;
use serde::Serialize;

use crate::bulk::{BulkRow, Values};
use crate::schema::trade;

/// Makes the row of these columns and what it has in common with [`Parties`].
macro_rules! party_columns {
    ($($column:ident)+) => {
        /// Who took part in a trade, and where goods would be sent.
        #[derive(Debug, Clone, Queryable, Selectable, QueryableByName, Serialize)]
        #[diesel(table_name = trade)]
        #[expect(missing_docs, reason = "the columns of the classic system, named as Alipay names them")]
        pub struct PartyRow { $(pub $column: Option<String>,)+ }

        impl From<PartyRow> for Parties {
            fn from(row: PartyRow) -> Parties {
                Parties { $($column: row.$column,)+ }
            }
        }

        /// In the order in which the statements name them.
        impl BulkRow for Parties {
            fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
                values.push_all::<Nullable<Text>, _>([$(&self.$column),+])
            }
        }
    };
}

party_columns! {
    seller_email seller_id seller_actions buyer_email buyer_id buyer_actions
    receive_name receive_address receive_zip receive_phone receive_mobile
}

//! Rejected payments whose money went back.

use std::collections::BTreeSet;

use alipay::{Charset, Fen, Form, Notification, Protocol};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::json_rows::load_rows;
use crate::refund::MerchantTrade;
use crate::{MysqlConnection, Result, refund_request};

/// A rejected message about a payment for which a refund was asked.
#[derive(QueryableByName)]
struct RejectedMessageRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    merchant: String,
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    trade_no: String,
    #[diesel(sql_type = Text)]
    charset: String,
    #[diesel(sql_type = Text)]
    form: String,
}

impl RejectedMessageRow {
    /// The total of the trade, as the message says it in the words of either gateway.
    fn total(&self) -> Option<Fen> {
        let charset = Charset::named(self.charset.as_bytes())?;
        let form = Form::parse(self.form.as_bytes()).ok()?;
        [Protocol::Mapi, Protocol::Openapi].into_iter().find_map(
            |protocol| match Notification::read(&form, protocol, charset) {
                Ok(Notification::Trade(trade)) => Some(trade.total),
                _ => None,
            },
        )
    }
}

/// The rows of the inbox among these, by id, whose payment was given back in full. Of a message that cannot be read nobody
/// knows that.
pub(super) fn given_back(connection: &mut MysqlConnection, ids: &[i64]) -> Result<BTreeSet<i64>> {
    let payments: Vec<RejectedMessageRow> =
        load_rows(connection, include_str!("given_back.sql"), ids)?;
    let mut trades: Vec<MerchantTrade<'_>> = payments
        .iter()
        .map(|it| MerchantTrade { merchant: &it.merchant, trade_no: &it.trade_no })
        .collect();
    trades.sort();
    trades.dedup();
    let requests = refund_request::of_rejected(connection, &trades)?;
    let is_back = |payment: &&RejectedMessageRow| {
        let trade = MerchantTrade { merchant: &payment.merchant, trade_no: &payment.trade_no };
        let own = refund_request::of_payment(&requests, trade, &payment.order_id);
        let given_back = refund_request::given_back(&own);
        payment.total().is_some_and(|total| given_back.covers(total))
    };
    Ok(payments.iter().filter(is_back).map(|payment| payment.id).collect())
}

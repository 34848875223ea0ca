//! `refund_fastpay_by_platform_pwd`: the page where an operator confirms refunds by password (docs/protocol.md §9.2).

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Utc};

use super::error::{RequestError, require, require_one_reading};
use super::{address, mapi};
use crate::parameters::check_number;
use crate::{Charset, Fen, Form, Signer, format_beijing};

/// More refunds than this are not taken in one batch.
const MAX_ITEMS: usize = 1000;

/// A batch of refunds at the legacy gateway. The request is a [`link`](crate::link) for an
/// operator's browser; the result comes by `batch_refund_notify` alone.
#[derive(Debug, Clone, Copy)]
pub struct PlatformRefund<'a> {
    /// What follows the day in the batch number: 3 to 24 letters and digits, not `000`. A batch
    /// number is used once.
    pub serial: &'a str,
    /// The refunds; each trade once, at most 1,000.
    pub items: &'a [PlatformRefundItem<'a>],
    /// Where the result goes; its own address, not that of payments: without a query, at most 200
    /// characters.
    pub notify_url: Option<&'a str>,
}

/// One refund of a [`PlatformRefund`].
#[derive(Debug, Clone, Copy)]
pub struct PlatformRefundItem<'a> {
    /// Alipay's trade number.
    pub trade_no: &'a str,
    /// The amount, above zero; together with earlier ones not above the trade's total.
    pub amount: Fen,
    /// Why: at most 256 bytes, without `^`, `|`, `$` and `#`.
    pub reason: &'a str,
}

impl PlatformRefund<'_> {
    /// The number of the batch when it is sent at a time: Alipay takes only numbers of today, in
    /// Beijing, so a link is good until midnight there.
    pub fn batch_no(&self, at: DateTime<Utc>) -> String {
        let day: String = format_beijing(at).chars().filter(char::is_ascii_digit).take(8).collect();
        day + self.serial
    }

    /// The signed request, as of a time of the clock. `seller_user_id` is the account that pays.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn mapi(
        &self,
        partner: &str,
        seller_user_id: &str,
        charset: Charset,
        at: DateTime<Utc>,
        signer: &Signer,
    ) -> Result<Form, RequestError> {
        let detail_data = self.detail_data(charset)?;
        address::check("notify_url", self.notify_url, address::LEGACY_REFUND_NOTIFY)?;
        let parameters = [
            ("notify_url", self.notify_url.unwrap_or_default()),
            ("seller_user_id", seller_user_id),
            ("refund_date", &format_beijing(at.trunc_subsecs(0))),
            ("batch_no", &self.batch_no(at)),
            ("batch_num", &self.items.len().to_string()),
            ("detail_data", &detail_data),
        ];
        let service = "refund_fastpay_by_platform_pwd";
        Ok(mapi::request(service, partner, charset, &parameters, signer)?)
    }

    fn detail_data(&self, charset: Charset) -> Result<String, RequestError> {
        let serial = self.serial;
        let alphanumeric = serial.bytes().all(|byte| byte.is_ascii_alphanumeric());
        require(
            alphanumeric && (3..=24).contains(&serial.len()) && serial != "000",
            "serial",
            "is not 3 to 24 letters and digits other than 000",
        )?;
        require(!self.items.is_empty(), "items", "has no refund")?;
        require(self.items.len() <= MAX_ITEMS, "items", "has more than 1000 refunds")?;
        let trades: BTreeSet<&str> = self.items.iter().map(|item| item.trade_no).collect();
        require(trades.len() == self.items.len(), "items", "has a trade twice")?;
        let items = self.items.iter().map(|item| {
            check_number(item.trade_no).map_err(|problem| RequestError::Invalid {
                parameter: "trade_no".into(),
                problem,
            })?;
            require(!separates(item.trade_no), "trade_no", "has one of ^ | $ #")?;
            require(item.amount > Fen::default(), "amount", "is not above zero")?;
            require(!separates(item.reason), "reason", "has one of ^ | $ #")?;
            require_one_reading("reason", item.reason)?;
            let reason = super::encode(charset, item.reason)?;
            require(!reason.is_empty(), "reason", "is empty")?;
            require(reason.len() <= 256, "reason", "has more than 256 bytes")?;
            Ok(format!("{}^{}^{}", item.trade_no, item.amount, item.reason))
        });
        Ok(items.collect::<Result<Vec<_>, RequestError>>()?.join("#"))
    }
}

fn separates(text: &str) -> bool {
    text.contains(['^', '|', '$', '#'])
}

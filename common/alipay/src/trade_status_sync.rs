//! `trade_status_sync`, the notification about one trade.

use chrono::{DateTime, Utc};

use crate::parameters::Parameters;
use crate::{Fen, Protocol, RefundStatus, TradeStatus, Unreadable};

/// The notification `trade_status_sync` of both gateways: what Alipay says about one trade.
///
/// All of its parameters: docs/protocol.md §2, §10. One that is absent or empty is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeStatusSync {
    /// The merchant's order number, 1 to 64 bytes without control characters.
    pub out_trade_no: String,
    /// Alipay's trade number: 16 or 28 digits in captures; checked like `out_trade_no`.
    pub trade_no: String,
    /// The state of the trade.
    pub trade_status: TradeStatus,
    /// The state of a refund; legacy gateway only, which sends no amount with it.
    pub refund_status: Option<RefundStatus>,
    /// The total of the trade, above zero: `total_fee` (legacy) or `total_amount` (Open Platform).
    /// Not `receipt_amount` and the like, which differ when vouchers are used.
    pub total: Fen,
    /// All that was refunded so far, a running total, not the amount of this refund; Open Platform.
    /// `0.00` occurs without any refund, on unpaid trades that timed out.
    pub refund_fee: Option<Fen>,
    /// The number of the refund request, `out_biz_no`; Open Platform.
    pub request_no: Option<String>,
    /// What the order is priced in, `currency` or `trans_currency`; mainland messages have neither. How buyer
    /// and seller are charged (`pay_currency`, `settle_currency`) is no matter of the order's.
    pub currency: Option<String>,
    /// When the trade was created.
    pub gmt_create: Option<DateTime<Utc>>,
    /// When the buyer paid; absent before.
    pub gmt_payment: Option<DateTime<Utc>>,
    /// When money was refunded, often with milliseconds.
    pub gmt_refund: Option<DateTime<Utc>>,
    /// When the trade was closed or finished.
    pub gmt_close: Option<DateTime<Utc>>,
    /// When this delivery was attempted: the only value that differs between repeats.
    pub notify_time: Option<DateTime<Utc>>,
    /// The merchant's application; Open Platform.
    pub app_id: Option<String>,
    /// Seller, buyer, receiver.
    pub parties: Parties,
}

/// Who takes part in a trade, and where goods would be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parties {
    /// The seller's account, a mail address or telephone number.
    pub seller_email: Option<String>,
    /// The seller's user number, 2088 and twelve digits.
    pub seller_id: Option<String>,
    /// What the seller can do next; escrow products only.
    pub seller_actions: Option<String>,
    /// The buyer's account: `buyer_email` (legacy) or `buyer_logon_id` (Open Platform, masked).
    pub buyer_email: Option<String>,
    /// The buyer's user number, 2088 and twelve digits; of applications made since 2023 the buyer's
    /// `buyer_open_id`, which they get in its place.
    pub buyer_id: Option<String>,
    /// What the buyer can do next; escrow products only.
    pub buyer_actions: Option<String>,
    /// The receiver's name; escrow products only, like the four below.
    pub receive_name: Option<String>,
    /// The receiver's address.
    pub receive_address: Option<String>,
    /// The receiver's postal code.
    pub receive_zip: Option<String>,
    /// The receiver's telephone number.
    pub receive_phone: Option<String>,
    /// The receiver's mobile number.
    pub receive_mobile: Option<String>,
}

impl TradeStatusSync {
    pub(crate) fn read(
        parameters: &Parameters<'_>,
        protocol: Protocol,
    ) -> Result<TradeStatusSync, Unreadable> {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|&name| parameters.text(name).transpose()).transpose()
        };
        Ok(TradeStatusSync {
            out_trade_no: parameters.number("out_trade_no")?,
            trade_no: parameters.number("trade_no")?,
            trade_status: parameters.required("trade_status")?.into(),
            refund_status: parameters.text("refund_status")?.map(RefundStatus::from),
            total: total(parameters, protocol)?,
            refund_fee: parameters.amount("refund_fee")?,
            request_no: parameters.text("out_biz_no")?,
            currency: first(&["currency", "trans_currency"])?,
            gmt_create: parameters.time("gmt_create")?,
            gmt_payment: parameters.time("gmt_payment")?,
            gmt_refund: parameters.time("gmt_refund")?,
            gmt_close: parameters.time("gmt_close")?,
            notify_time: parameters.time("notify_time")?,
            app_id: parameters.text("app_id")?,
            parties: Parties {
                seller_email: parameters.text("seller_email")?,
                seller_id: parameters.text("seller_id")?,
                seller_actions: parameters.text("seller_actions")?,
                buyer_email: first(&["buyer_email", "buyer_logon_id"])?,
                buyer_id: first(&["buyer_id", "buyer_open_id"])?,
                buyer_actions: parameters.text("buyer_actions")?,
                receive_name: parameters.text("receive_name")?,
                receive_address: parameters.text("receive_address")?,
                receive_zip: parameters.text("receive_zip")?,
                receive_phone: parameters.text("receive_phone")?,
                receive_mobile: parameters.text("receive_mobile")?,
            },
        })
    }
}

fn total(parameters: &Parameters<'_>, protocol: Protocol) -> Result<Fen, Unreadable> {
    let parameter = match protocol {
        Protocol::Mapi => "total_fee",
        Protocol::Openapi => "total_amount",
    };
    match parameters.amount(parameter)? {
        None => Err(Unreadable::Missing { parameter }),
        Some(total) if total == Fen::default() => Err(Unreadable::ZeroTotal { parameter }),
        Some(total) => Ok(total),
    }
}

//! Forms of the Open Platform's message service: `msg_method` names the message, `biz_content` is its JSON.
//!
//! They come to the notify URL where the shop has configured it so, without `notify_type`, `out_trade_no` and
//! `trade_status`. (docs/protocol.md §14)

use chrono::{DateTime, Utc};

use crate::biz_content::BizContent;
use crate::parameters::{Parameters, check_number};
use crate::{Charset, Fen, Form, Unreadable, parse_beijing};

/// The one message that is worked on.
pub(crate) const DEPOSIT_BACK: &str = "alipay.trade.refund.depositback.completed";

/// `alipay.trade.refund.depositback.completed`: a bank has answered about a refund that goes back to a bank
/// card. It comes hours or days after the refund, which was reported as successful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositBack {
    /// The merchant's order number, 1 to 64 bytes without control characters.
    pub out_trade_no: String,
    /// Alipay's trade number, where there is one; checked like `out_trade_no`.
    pub trade_no: Option<String>,
    /// The number of the refund request, where there is one; checked like `out_trade_no`.
    pub request_no: Option<String>,
    /// What the bank did.
    pub status: DepositBackStatus,
    /// How much of the refund was to go to the bank card, fen.
    pub amount: Option<Fen>,
    /// When the bank answered.
    pub bank_time: Option<DateTime<Utc>>,
}

/// `dback_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DepositBackStatus {
    /// `S`: the money is on the card.
    Done,
    /// `F`: the bank sent the money back.
    Failed,
    /// `P`: the bank has not answered yet.
    InProgress,
}

impl DepositBackStatus {
    /// The word in the inbox.
    pub fn as_str(self) -> &'static str {
        match self {
            DepositBackStatus::Done => "DEPOSITBACK_DONE",
            DepositBackStatus::Failed => "DEPOSITBACK_FAILED",
            DepositBackStatus::InProgress => "DEPOSITBACK_IN_PROGRESS",
        }
    }
}

/// The order that a form names: its `out_trade_no`, or that of a message of the message service. `None` where it names none,
/// or where that cannot be decoded.
#[must_use]
pub fn order_in_form(form: &Form, charset: Charset) -> Option<String> {
    match form.get("out_trade_no") {
        Some(number) => charset.decode(number).ok(),
        None => order_in_biz_content(form, charset),
    }
}

/// The order that a message of the message service names, whichever message it is.
pub fn order_in_biz_content(form: &Form, charset: Charset) -> Option<String> {
    form.get("msg_method").filter(|method| !method.is_empty())?;
    let content = charset.decode(form.get("biz_content")?).ok()?;
    let number = BizContent::read(&content).ok()?.text("out_trade_no").ok()??;
    check_number(&number).is_ok().then_some(number)
}

impl DepositBack {
    pub(crate) fn read(parameters: &Parameters<'_>) -> Result<DepositBack, Unreadable> {
        let content = parameters.required("biz_content")?;
        let content = BizContent::read(&content)?;
        let number = |member: &'static str| {
            let number = content.text(member)?;
            if let Some(Err(reason)) = number.as_deref().map(check_number) {
                return Err(Unreadable::BizContent { problem: format!("{member}: {reason}") });
            }
            Ok(number)
        };
        let missing =
            |member: &str| Unreadable::BizContent { problem: format!("it has no {member}") };
        let amount = content.text("dback_amount")?;
        let bank_time = content.text("bank_ack_time")?;
        Ok(DepositBack {
            out_trade_no: number("out_trade_no")?.ok_or_else(|| missing("out_trade_no"))?,
            trade_no: number("trade_no")?,
            request_no: number("out_request_no")?,
            status: match content.text("dback_status")?.as_deref() {
                Some("S") => DepositBackStatus::Done,
                Some("F") => DepositBackStatus::Failed,
                Some("P") => DepositBackStatus::InProgress,
                Some(_) => {
                    let problem = "dback_status is none of S, F, P".to_owned();
                    return Err(Unreadable::BizContent { problem });
                }
                None => return Err(missing("dback_status")),
            },
            amount: amount.map(|text| Fen::parse(&text)).transpose().map_err(|error| {
                Unreadable::BizContent { problem: format!("dback_amount: {error}") }
            })?,
            bank_time: bank_time.map(|text| parse_beijing(&text)).transpose().map_err(|error| {
                Unreadable::BizContent { problem: format!("bank_ack_time: {error}") }
            })?,
        })
    }
}

//! What a pay link asks for, and how the browser goes back.

use alipay::{Charset, Fen, Form, MoneyError, Protocol, Rule};
use chrono::{DateTime, Utc};

use super::Alipay;
use crate::mapi::{present, seconds};
use crate::{Account, AlipayTrade, KeptTrade, PayLinkUrls, Status, TimeLimit, TradeFileError};

/// The most that one trade can be over: 100,000,000.00. (docs/protocol.md §9.1)
const MAX_TOTAL: Fen = Fen::new(10_000_000_000);

/// What a verified pay link asks for.
#[derive(Debug)]
pub(super) struct PayRequest {
    pub(super) out_trade_no: String,
    pub(super) total: Fen,
    pub(super) subject: String,
    pub(super) body: Option<String>,
    pub(super) passback: Option<String>,
    pub(super) charset: Charset,
    pub(super) limit: TimeLimit,
    /// Whether Alipay tells when the time is over.
    pub(super) tells_timeout: bool,
    pub(super) link: PayLinkUrls,
}

/// Why no trade is opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum PayError {
    /// A parameter is missing or unusable.
    #[error("the parameter {0} is missing or unusable")]
    Parameter(&'static str),
    /// The order is paid, or was.
    #[error("the trade of this order is {}", .0.name())]
    Over(Status),
    /// The order's trade is over another amount.
    #[error("the order has a trade over another amount: {0}")]
    OtherTotal(Fen),
    /// The trade store cannot be read or written.
    #[error(transparent)]
    File(#[from] TradeFileError),
}

impl PayRequest {
    /// Checks what both protocols limit alike.
    pub(super) fn checked(self) -> Result<PayRequest, PayError> {
        let clean = |text: &str| !text.chars().any(char::is_control);
        let within = |text: &str, most| (1..=most).contains(&text.chars().count()) && clean(text);
        if !within(&self.out_trade_no, 64) {
            return Err(PayError::Parameter("out_trade_no"));
        }
        if !within(&self.subject, 256) {
            return Err(PayError::Parameter("subject"));
        }
        if self.total <= Fen::new(0) || self.total > MAX_TOTAL {
            return Err(PayError::Parameter("the amount"));
        }
        let link = &self.link;
        for (name, url) in [
            ("notify_url", &link.notify_url),
            ("return_url", &link.return_url),
            ("show_url", &link.show_url),
        ] {
            if url.as_deref().is_some_and(|url| !is_address(url)) {
                return Err(PayError::Parameter(name));
            }
        }
        Ok(self)
    }

    /// Opens the trade, or finds the one that the same link opened before, whose time limit stays as
    /// it was; returns its number.
    pub(super) fn open(self, alipay: &Alipay, account: &Account) -> Result<String, PayError> {
        let now = alipay.now();
        let until = self.limit.of_trade(now).ok_or(PayError::Parameter("the time limit"))?;
        let (trade_no, until) = alipay.trade_store.update(|trades| {
            let kept = trades.of(&account.name, &self.out_trade_no);
            if let Some(kept) = kept.last_mut() {
                if kept.trade.status != Status::WaitBuyerPay {
                    return Err(PayError::Over(kept.trade.status));
                }
                if kept.trade.total != self.total {
                    return Err(PayError::OtherTotal(kept.trade.total));
                }
                kept.link = Some(self.link);
                return Ok((kept.trade.trade_no.clone(), kept.trade.pay_until));
            }
            let merchant = account.merchant.clone().with_charset(self.charset);
            let mut trade = AlipayTrade::open(&merchant, self.out_trade_no, self.total, now);
            trade.subject = self.subject;
            trade.body = self.body;
            trade.passback = self.passback;
            trade.pay_until = Some(until);
            trade.tells_timeout = self.tells_timeout;
            let trade_no = trade.trade_no.clone();
            kept.push(KeptTrade { link: Some(self.link), ..KeptTrade::new(trade) });
            Ok::<_, PayError>((trade_no, Some(until)))
        })?;
        if let Some(until) = until {
            alipay.limits.add(until, trade_no.clone());
        }
        Ok(trade_no)
    }
}

/// An amount that need not be there: some other parameter may say it.
pub(super) fn amount(text: Option<&str>) -> Result<Option<Fen>, MoneyError> {
    text.map(Fen::parse).transpose()
}

/// Whether a browser or a notification can go there.
fn is_address(url: &str) -> bool {
    let web = url.starts_with("http://") || url.starts_with("https://");
    web && url.len() <= 512 && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Where the browser goes after the payment: the merchant's return URL with the signed parameters
/// of the return page. The legacy gateway's tell as much as a notification (docs/protocol.md §4), the Open
/// Platform's not even the status (docs/protocol.md §10). None where the link named no return URL.
pub(super) fn return_to(
    alipay: &Alipay,
    account: &Account,
    kept: &KeptTrade,
    at: DateTime<Utc>,
) -> Option<String> {
    let url = kept.link.as_ref()?.return_url.as_ref()?;
    let trade = &kept.trade;
    let (parameters, rule) = match trade.merchant.protocol {
        Protocol::Mapi => (legacy(alipay, trade, at), Rule::DropEmpty),
        Protocol::Openapi => (open(trade, at), Rule::Notification),
    };
    let mut form = Form::new();
    for (name, value) in parameters {
        form.set(name, trade.merchant.charset.encode(&value).ok()?);
    }
    account.signer.sign_form(&mut form, rule).ok()?;
    let joint = if url.contains('?') { '&' } else { '?' };
    Some(format!("{url}{joint}{}", form.encode()))
}

fn legacy(alipay: &Alipay, trade: &AlipayTrade, at: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let text = str::to_owned;
    // Encoded inside its value already: on the wire it is encoded twice.
    let notify_id = format!("RqPnCoPT3K9%2Fvwbh3I%2B{}", alipay.tickets.returns.give((), at));
    alipay.tickets.returns.keep(notify_id.clone(), (), at);
    present([
        ("is_success", Some(text("T"))),
        ("exterface", Some(text("create_direct_pay_by_user"))),
        ("notify_id", Some(notify_id)),
        ("notify_time", Some(seconds(at))),
        ("notify_type", Some(text("trade_status_sync"))),
        ("out_trade_no", Some(trade.out_trade_no.clone())),
        ("subject", Some(trade.subject.clone())),
        ("payment_type", Some(text("1"))),
        ("trade_no", Some(trade.trade_no.clone())),
        ("trade_status", Some(text(trade.status.name()))),
        ("total_fee", Some(trade.total.to_string())),
        ("seller_email", Some(trade.merchant.seller_email.clone())),
        ("buyer_email", Some(trade.buyer.account.clone())),
        ("seller_id", Some(trade.merchant.seller_id.clone())),
        ("buyer_id", Some(trade.buyer.id.clone())),
        ("body", trade.body.clone()),
        ("extra_common_param", trade.passback.clone()),
    ])
}

fn open(trade: &AlipayTrade, at: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let text = str::to_owned;
    vec![
        ("charset", text(trade.merchant.charset.name())),
        ("out_trade_no", trade.out_trade_no.clone()),
        ("method", text("alipay.trade.page.pay.return")),
        ("total_amount", trade.total.to_string()),
        ("trade_no", trade.trade_no.clone()),
        ("auth_app_id", trade.merchant.app_id.clone()),
        ("version", text("1.0")),
        ("app_id", trade.merchant.app_id.clone()),
        ("seller_id", trade.merchant.seller_id.clone()),
        ("timestamp", seconds(at)),
    ]
}

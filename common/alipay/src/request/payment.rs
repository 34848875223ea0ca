//! `create_direct_pay_by_user` and `alipay.trade.page.pay`: the page where a buyer pays (docs/protocol.md §9.1).

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::error::{RequestError, require, require_one_reading};
use super::{Application, address, mapi, openapi};
use crate::parameters::check_number;
use crate::{Charset, Fen, Form, Signer};

/// The largest total at the legacy gateway, 100,000,000.00 yuan.
const LEGACY_MAX: Fen = Fen::new(10_000_000_000);

/// The request that takes a buyer to Alipay's page. It is sent by the buyer's browser, as a
/// [`link`](crate::link).
#[derive(Debug, Clone, Copy)]
pub struct Payment<'a> {
    /// The merchant's order number, 1 to 64 bytes. Unique: one that was paid cannot be paid again.
    pub out_trade_no: &'a str,
    /// What the buyer reads; without `&`.
    pub subject: &'a str,
    /// The amount, above zero.
    pub total: Fen,
    /// Where the notification goes; an absolute address without a query, at most 190 characters, 256
    /// on the Open Platform.
    pub notify_url: Option<&'a str>,
    /// Where the buyer's browser comes back to; an absolute address without a query, at most 200
    /// characters, 256 on the Open Platform.
    pub return_url: Option<&'a str>,
    /// Any other parameter of Alipay's table with text as its value, such as `body` (without `&`),
    /// `it_b_pay` (legacy) or `timeout_express` (Open Platform, where it is a member of
    /// `biz_content`). Those above cannot be changed by it. What comes back with the notification is
    /// `extra_common_param` (legacy, without `=` and `&`) or `passback_params` (Open Platform, to be
    /// percent-encoded by the caller, and to be decoded once more when it comes back).
    pub more: &'a [(&'a str, &'a str)],
    /// Members of `biz_content` that are no texts, such as `goods_detail` (a list), `extend_params`
    /// and `ext_user_info` (objects). Open Platform only: the legacy gateway knows nothing nested.
    /// Those above cannot be changed by it.
    pub nested: &'a [(&'a str, Value)],
}

impl Payment<'_> {
    /// `create_direct_pay_by_user` of the legacy gateway. `seller_id` receives the money.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn mapi(
        &self,
        partner: &str,
        seller_id: &str,
        charset: Charset,
        signer: &Signer,
    ) -> Result<Form, RequestError> {
        self.check()?;
        address::check("notify_url", self.notify_url, address::LEGACY_NOTIFY)?;
        address::check("return_url", self.return_url, address::LEGACY_RETURN)?;
        require(self.total <= LEGACY_MAX, "total", "is above 100,000,000.00 yuan")?;
        require(self.nested.is_empty(), "nested", "is for the Open Platform alone")?;
        let echo = self.more.iter().filter(|(name, _)| *name == "extra_common_param");
        for (_, value) in echo {
            require(!value.contains(['=', '&']), "extra_common_param", "has = or & in it")?;
        }
        let total = self.total.to_string();
        let parameters = [
            ("seller_id", seller_id),
            ("payment_type", "1"),
            ("notify_url", self.notify_url.unwrap_or_default()),
            ("return_url", self.return_url.unwrap_or_default()),
            ("out_trade_no", self.out_trade_no),
            ("subject", self.subject),
            ("total_fee", &total),
        ];
        let parameters = [self.more, &parameters].concat();
        Ok(mapi::request("create_direct_pay_by_user", partner, charset, &parameters, signer)?)
    }

    /// `alipay.trade.page.pay` of the Open Platform.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn openapi<'a>(
        &self,
        application: impl Into<Application<'a>>,
        charset: Charset,
        at: DateTime<Utc>,
        signer: &Signer,
    ) -> Result<Form, RequestError> {
        self.check()?;
        address::check("notify_url", self.notify_url, address::OPENAPI)?;
        address::check("return_url", self.return_url, address::OPENAPI)?;
        let total = self.total.to_string();
        let urls = [
            ("notify_url", self.notify_url.unwrap_or_default()),
            ("return_url", self.return_url.unwrap_or_default()),
        ];
        let own = [
            ("out_trade_no", self.out_trade_no),
            ("product_code", "FAST_INSTANT_TRADE_PAY"),
            ("total_amount", &total),
            ("subject", self.subject),
        ];
        let text = |&(name, text): &(_, &str)| (name, Value::from(text));
        let nested = self.nested.iter().cloned();
        let content = self.more.iter().map(text).chain(nested).chain(own.iter().map(text));
        let content = openapi::members(content);
        let method = "alipay.trade.page.pay";
        Ok(openapi::request(method, application, charset, at, &urls, &content, signer)?)
    }

    fn check(&self) -> Result<(), RequestError> {
        check_number(self.out_trade_no).map_err(|problem| RequestError::Invalid {
            parameter: "out_trade_no".into(),
            problem,
        })?;
        require(!self.subject.trim().is_empty(), "subject", "is empty")?;
        require(self.total > Fen::default(), "total", "is not above zero")?;
        self.check_readings()
    }

    /// Every text of a payment comes back signed with its notification, joined by `&` without being
    /// escaped. One that holds `&name=` could be cut there by the person who chose it ([`can_be_cut`]). What a buyer reads has
    /// no use for a bare `&`, and is what shops fill with the buyer's own words.
    fn check_readings(&self) -> Result<(), RequestError> {
        let shown = [("subject", self.subject)];
        let shown = shown.iter().chain(self.more.iter().filter(|(name, _)| *name == "body"));
        for (name, text) in shown {
            if can_be_cut(text) {
                let problem = "has & in it: Alipay signs values unescaped, so that text could be read \
                               as other parameters; write it without, or as the full-width \u{ff06}";
                return Err(RequestError::Invalid {
                    parameter: (*name).to_owned().into(),
                    problem,
                });
            }
        }
        require_one_reading("out_trade_no", self.out_trade_no)?;
        for (name, text) in self.more {
            require_one_reading(name, text)?;
        }
        self.nested.iter().try_for_each(|(name, value)| check_nested(name, value))
    }
}

/// Whether the signed text with this value in it could be cut there, and the rest read as another parameter.
pub fn can_be_cut(shown: &str) -> bool {
    shown.contains('&')
}

/// Checks every text in a member that is none itself.
fn check_nested(name: &str, value: &Value) -> Result<(), RequestError> {
    match value {
        Value::String(text) => require_one_reading(name, text),
        Value::Array(items) => items.iter().try_for_each(|item| check_nested(name, item)),
        Value::Object(members) => members.iter().try_for_each(|(member, value)| {
            require_one_reading(name, member)?;
            check_nested(name, value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

//! The legacy gateway's services: finds the merchant and the charset of a request, and verifies it.

use std::net::IpAddr;

use alipay::{Charset, Form, Protocol};
use axum::http::StatusCode;
use axum::response::Response;
use service::language::say;

use super::pay::{PayError, PayRequest, amount};
use super::{Alipay, answer, mapi_refund, mapi_trade, page, xml};
use crate::{Account, PayLinkUrls, Status, TimeLimit};

/// A verified request of a merchant.
pub(super) struct MapiCall<'a> {
    pub(super) alipay: &'a Alipay,
    pub(super) account: &'a Account,
    pub(super) form: &'a Form,
    pub(super) charset: Charset,
}

/// Alipay's code for why a service refuses.
pub(super) type ErrorCode = &'static str;

/// Answers a request: pages for the browser, XML for programs, or Alipay's code of why not.
pub(super) fn answer(alipay: &Alipay, form: &Form) -> Response {
    let text = |name: &str| std::str::from_utf8(form.get(name).unwrap_or_default()).unwrap_or("");
    let (service, partner) = (text("service"), text("partner"));
    let is_it = |account: &&Account| {
        account.merchant.protocol == Protocol::Mapi && account.partner == partner
    };
    let account = alipay.accounts.iter().find(is_it);
    let charset = match form.get("_input_charset") {
        None | Some([]) => Some(account.map_or(Charset::Utf8, |it| it.merchant.charset)),
        Some(name) => Charset::named(name),
    };
    let is_page = matches!(service, "create_direct_pay_by_user" | "refund_fastpay_by_platform_pwd");
    let refused = |code: ErrorCode| {
        tracing::info!(code, "the legacy gateway refused");
        match is_page {
            true => page::problem(StatusCode::BAD_REQUEST, code, explained(code)),
            false => xml::refused(code, charset.unwrap_or(Charset::Utf8)),
        }
    };
    let Some(charset) = charset else { return refused("ILLEGAL_CHARSET") };
    // Two services are unsigned.
    match service {
        "notify_verify" => return mapi_trade::notify_verify(alipay, form, account),
        "query_timestamp" => {
            return match account {
                Some(account) => mapi_trade::query_timestamp(alipay, account, form, charset),
                None => refused("ILLEGAL_PARTNER"),
            };
        }
        "single_trade_query"
        | "close_trade"
        | "create_direct_pay_by_user"
        | "refund_fastpay_by_platform_pwd" => {}
        _ => return refused("ILLEGAL_SERVICE"),
    }
    let Some(account) = account else { return refused("ILLEGAL_PARTNER") };
    if account.signed(form) != Some(true) {
        return refused("ILLEGAL_SIGN");
    }
    let call = MapiCall { alipay, account, form, charset };
    let answer = match service {
        "single_trade_query" => mapi_trade::single_trade_query(&call),
        "close_trade" => mapi_trade::close_trade(&call),
        "create_direct_pay_by_user" => create_direct_pay_by_user(&call),
        _ => mapi_refund::ask(&call),
    };
    answer.unwrap_or_else(refused)
}

impl MapiCall<'_> {
    /// A parameter as text; an empty one is as good as none.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ErrorCode> {
        let value = self.form.get(name).filter(|value| !value.is_empty());
        value.map(|value| self.charset.decode(value)).transpose().map_err(|_| "ILLEGAL_ENCODING")
    }

    /// A parameter that must be there.
    pub(super) fn needed(&self, name: &str) -> Result<String, ErrorCode> {
        self.text(name)?.ok_or("ILLEGAL_ARGUMENT")
    }
}

fn create_direct_pay_by_user(call: &MapiCall<'_>) -> Result<Response, ErrorCode> {
    let seller = &call.account.merchant;
    if call.needed("payment_type")? != "1" {
        return Err("ILLEGAL_PAYMENT_TYPE");
    }
    match (call.text("seller_id")?, call.text("seller_email")?) {
        (None, None) => return Err("ILLEGAL_SELLER"),
        (Some(id), _) if id != seller.seller_id => return Err("SELLER_NOT_EXIST"),
        _ => {}
    }
    check_phishing(call)?;
    let yuan = |name| amount(call.text(name)?.as_deref()).map_err(|_| "ILLEGAL_FEE_PARAM");
    let total = match (yuan("total_fee")?, yuan("price")?, call.text("quantity")?) {
        (Some(total), None, None) => total,
        (None, Some(price), Some(quantity)) => {
            let quantity: i64 = quantity.parse().map_err(|_| "ILLEGAL_FEE_PARAM")?;
            alipay::Fen::new(price.get().checked_mul(quantity).ok_or("ILLEGAL_FEE_PARAM")?)
        }
        _ => return Err("ILLEGAL_FEE_PARAM"),
    };
    let request = PayRequest {
        out_trade_no: call.needed("out_trade_no")?,
        total,
        subject: call.needed("subject")?,
        body: call.text("body")?,
        passback: call.text("extra_common_param")?,
        charset: call.charset,
        limit: match call.text("it_b_pay")? {
            Some(text) => TimeLimit::parse(&text).ok_or("ILLEGAL_ARGUMENT")?,
            None => TimeLimit::default(),
        },
        tells_timeout: false,
        link: PayLinkUrls {
            notify_url: call.text("notify_url")?,
            return_url: call.text("return_url")?,
            show_url: call.text("show_url")?,
        },
    };
    let opened = request.checked().and_then(|request| request.open(call.alipay, call.account));
    match opened {
        Ok(trade_no) => Ok(answer::redirect(&format!("/cashier/{trade_no}"))),
        Err(PayError::Parameter("the amount")) => Err("ILLEGAL_FEE_PARAM"),
        Err(PayError::Parameter(_)) => Err("ILLEGAL_ARGUMENT"),
        Err(PayError::Over(Status::TradeClosed)) => Err("TRADE_HAS_CLOSED"),
        Err(PayError::Over(_)) => Err("TRADE_HAS_SUCCESS"),
        Err(PayError::OtherTotal(_)) => Err("TRADE_TOTALFEE_NOT_MATCH"),
        Err(PayError::File(_)) => Err("SYSTEM_ERROR"),
    }
}

/// The key and the buyer's address are looked at where they are, and must be there where the
/// account demands them.
fn check_phishing(call: &MapiCall<'_>) -> Result<(), ErrorCode> {
    let demands = call.account.demands;
    match call.text("anti_phishing_key")? {
        Some(key) => mapi_trade::check_anti_phishing_key(call.alipay, &key)?,
        None if demands.anti_phishing_key => return Err("ILLEGAL_ANTI_PHISHING_KEY"),
        None => {}
    }
    match call.text("exter_invoke_ip")? {
        Some(address) if address.parse::<IpAddr>().is_err() => Err("ILLEGAL_EXTER_INVOKE_IP"),
        None if demands.exter_invoke_ip => Err("ILLEGAL_EXTER_INVOKE_IP"),
        _ => Ok(()),
    }
}

/// What a code means, for the reader of the page.
fn explained(code: ErrorCode) -> &'static str {
    match code {
        "ILLEGAL_SIGN" => say(
            "签名不正确。",
            "The signature does not match: is it the key of this merchant, over all parameters but sign and sign_type, sorted, in the charset of _input_charset?",
        ),
        "ILLEGAL_PARTNER" => {
            say("没有这个商户。", "No merchant of the configuration has this partner.")
        }
        "ILLEGAL_CHARSET" => {
            say("不支持的字符集。", "_input_charset must be utf-8, gbk or gb2312.")
        }
        "ILLEGAL_ENCODING" => {
            say("参数编码错误。", "A parameter is not in the charset of _input_charset.")
        }
        "ILLEGAL_SELLER" | "SELLER_NOT_EXIST" => {
            say("卖家不正确。", "seller_id (or seller_email) must be there and be this merchant's.")
        }
        "ILLEGAL_PAYMENT_TYPE" => say("payment_type 必须为 1。", "payment_type must be 1."),
        "ILLEGAL_FEE_PARAM" => {
            say("金额不正确。", "total_fee (or price and quantity) must be 0.01 to 100000000.00.")
        }
        "TRADE_HAS_SUCCESS" => say("这笔订单已经支付。", "This order is paid already."),
        "TRADE_HAS_CLOSED" => say("交易已经关闭。", "The trade of this order is closed."),
        "TRADE_TOTALFEE_NOT_MATCH" => {
            say("金额与已创建的交易不一致。", "The order has a trade over another amount.")
        }
        "ILLEGAL_ANTI_PHISHING_KEY" => say(
            "防钓鱼时间戳不正确。",
            "The account demands an anti_phishing_key, and this one was not given out, or there is none.",
        ),
        "ANTI_PHISHING_KEY_TIMEOUT" => {
            say("防钓鱼时间戳已过期。", "The anti_phishing_key is older than 30 seconds.")
        }
        "ILLEGAL_EXTER_INVOKE_IP" => say(
            "买家地址不正确。",
            "The account demands exter_invoke_ip, the address of the buyer.",
        ),
        "DUPLICATE_BATCH_NO" => say("批次号重复。", "This batch number was used before."),
        "REFUND_DATE_ERROR" | "BATCH_NO_FORMAT_ERROR" => say(
            "批次号或日期不正确。",
            "batch_no is today's date in Beijing and 3 to 24 letters or digits.",
        ),
        "BATCH_NUM_NOT_EQUAL_TOTAL" => say("笔数不符。", "batch_num is not the number of refunds."),
        "DETAIL_DATA_FORMAT_ERROR" => {
            say("明细格式不正确。", "detail_data is trade_no^amount^reason, joined by #.")
        }
        "SYSTEM_ERROR" => say("系统错误。", "The trades cannot be read or written; see the log."),
        _ => say("参数不正确。", "A parameter is missing or unusable."),
    }
}

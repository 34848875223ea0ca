//! The Open Platform's methods.

use alipay::{Charset, Fen, Form, MoneyError, Protocol, parse_beijing};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::json::{NO_KEY, Node};
use super::pay::{PayError, PayRequest};
use super::{Alipay, answer, openapi_trade, page};
use crate::account::sign_type;
use crate::{Account, PayLinkUrls, Status, TimeLimit};

/// A verified request of an application.
pub(super) struct OpenapiCall<'a> {
    pub(super) alipay: &'a Alipay,
    pub(super) account: &'a Account,
    pub(super) charset: Charset,
    method: &'a str,
    /// Where notifications and the browser go, for a pay link.
    form: &'a Form,
    content: Map<String, Value>,
}

/// A refusal: the code and what it means.
type Refusal = (&'static str, &'static str);

/// Answers a request: a page for the browser, JSON for programs, or Alipay's code of why not.
pub(super) fn answer(alipay: &Alipay, form: &Form) -> Response {
    let faults = &alipay.settings.gateway;
    let (named, account) = (Charset::of(form, Charset::Utf8), account(alipay, form));
    let charset = named.as_ref().copied().unwrap_or(Charset::Utf8);
    let method = text(form, "method");
    let is_page = matches!(method, "alipay.trade.page.pay" | "alipay.trade.wap.pay");
    let known = is_page
        || matches!(
            method,
            "alipay.trade.query"
                | "alipay.trade.close"
                | "alipay.trade.refund"
                | "alipay.trade.fastpay.refund.query"
                | "alipay.open.app.alipaycert.download"
        );
    let name = match known {
        true => format!("{}_response", method.replace('.', "_")),
        false => "error_response".to_owned(),
    };
    let signer = account.map(|account| account.answering(sign_type(form)));
    let cert_sn = account.and_then(|account| account.certificates.as_ref()?.alipay_sn());
    let write = |node: Node| node.answer(&name, charset, (signer.as_ref(), cert_sn), faults);
    let checked = match (method, known) {
        ("", _) => Err(("isv.missing-method", "缺少方法名参数")),
        (_, false) => Err(("isv.invalid-method", "不存在的方法名")),
        _ if named.is_err() => Err(("isv.invalid-charset", "字符集错误")),
        _ => checked(form, account, charset, alipay.now()),
    };
    let (account, content) = match checked {
        Ok(checked) => checked,
        Err((code, text)) => {
            tracing::info!(code, "the Open Platform refused");
            return match is_page {
                true => page::problem(StatusCode::BAD_REQUEST, code, text),
                false => write(Node::refused(code, text)),
            };
        }
    };
    let call = OpenapiCall { alipay, account, charset, method, form, content };
    match method {
        "alipay.trade.query" => write(openapi_trade::query(&call)),
        "alipay.trade.close" => write(openapi_trade::close(&call)),
        "alipay.trade.refund" => write(openapi_trade::refund(&call)),
        "alipay.trade.fastpay.refund.query" => write(openapi_trade::refund_query(&call)),
        "alipay.open.app.alipaycert.download" => write(download(&call)),
        _ => pay(&call)
            .unwrap_or_else(|(code, text)| page::problem(StatusCode::BAD_REQUEST, code, text)),
    }
}

fn account<'a>(alipay: &'a Alipay, form: &Form) -> Option<&'a Account> {
    let app_id = text(form, "app_id");
    let is_it = |account: &&Account| {
        account.merchant.protocol == Protocol::Openapi && account.merchant.app_id == app_id
    };
    alipay.accounts.iter().find(is_it)
}

/// The public parameters, in the order in which Alipay finds fault with them, then the content.
fn checked<'a>(
    form: &Form,
    account: Option<&'a Account>,
    charset: Charset,
    at: DateTime<Utc>,
) -> Result<(&'a Account, Map<String, Value>), Refusal> {
    for (parameter, refusal) in [
        ("app_id", ("isv.missing-app-id", "缺少appId参数")),
        ("timestamp", ("isv.missing-timestamp", "缺少时间戳参数")),
        ("version", ("isv.missing-version", "缺少版本参数")),
        ("sign_type", ("isv.missing-signature-type", "缺少签名类型参数")),
        ("sign", ("isv.missing-signature", "缺少签名参数")),
    ] {
        if form.get(parameter).is_none_or(<[u8]>::is_empty) {
            return Err(refusal);
        }
    }
    let account = account.ok_or(("isv.invalid-app-id", "无效的AppID参数"))?;
    if sign_type(form).is_none_or(|sign_type| sign_type == alipay::SignType::Md5) {
        return Err(("isv.invalid-signature-type", "无效的签名类型"));
    }
    if let Some(certificates) = &account.certificates {
        certificates.check(form, at)?;
    }
    match account.signed(form) {
        Some(true) => {}
        Some(false) => {
            let text = "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配";
            return Err(("isv.invalid-signature", text));
        }
        None => return Err((NO_KEY, "未配置对应签名算法的公钥或者证书")),
    }
    if parse_beijing(text(form, "timestamp")).is_err() {
        return Err(("isv.invalid-timestamp", "非法的时间戳参数"));
    }
    if !matches!(text(form, "format"), "" | "JSON" | "json") {
        return Err(("isv.invalid-format", "无效的数据格式"));
    }
    if text(form, "version") != "1.0" {
        return Err(("isv.invalid-parameter", "参数无效：version"));
    }
    let invalid = ("isv.invalid-parameter", "参数无效：biz_content");
    let content = charset.decode(form.get("biz_content").unwrap_or_default());
    let content = content.map_err(|_| invalid)?;
    Ok((account, serde_json::from_str(&content).map_err(|_| invalid)?))
}

fn text<'a>(form: &'a Form, name: &str) -> &'a str {
    std::str::from_utf8(form.get(name).unwrap_or_default()).unwrap_or("")
}

impl OpenapiCall<'_> {
    /// A text of the content; an empty one is as good as none.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.content.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// An amount in yuan, which SDKs write as text and people as a number. `None` where there is
    /// none, an error where it is no amount.
    pub(super) fn yuan(&self, name: &str) -> Result<Option<Fen>, MoneyError> {
        match self.content.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Fen::parse(text).map(Some),
            Some(other) => Fen::parse(&other.to_string()).map(Some),
        }
    }
}

/// `alipay.open.app.alipaycert.download`: the request of a program that gets an unknown `alipay_cert_sn`.
fn download(call: &OpenapiCall<'_>) -> Node {
    let Some(sn) = call.text("alipay_cert_sn") else {
        return Node::refused("isv.missing-alipay-cert-sn", "缺少支付宝公钥证书序列号");
    };
    let certificates = call.account.certificates.as_ref();
    match certificates.and_then(|certificates| certificates.download(sn)) {
        Some(content) => Node::success().with("alipay_cert_content", content),
        None => Node::refused("isv.alipay-cert-not-exist", "支付宝公钥证书不存在"),
    }
}

/// `time_expire`, a time in Beijing, wins over `timeout_express`; none where it cannot be read.
fn time_limit(call: &OpenapiCall<'_>) -> Option<TimeLimit> {
    match (call.text("time_expire"), call.text("timeout_express")) {
        (Some(time), _) => parse_beijing(time).ok().map(TimeLimit::At),
        (None, Some(span)) => TimeLimit::parse(span),
        (None, None) => Some(TimeLimit::default()),
    }
}

/// Opens the trade and leads the browser to the cashier.
fn pay(call: &OpenapiCall<'_>) -> Result<Response, Refusal> {
    let invalid = |_| ("ACQ.INVALID_PARAMETER", "参数无效 out_trade_no, total_amount, subject");
    let address = |name: &str| {
        let value = call.form.get(name).filter(|value| !value.is_empty());
        value.map(|value| call.charset.decode(value)).transpose()
    };
    let wrong = |_| ("ACQ.INVALID_PARAMETER", "参数无效 notify_url, return_url");
    let request = PayRequest {
        out_trade_no: call.text("out_trade_no").unwrap_or_default().to_owned(),
        total: call.yuan("total_amount").map_err(invalid)?.unwrap_or_default(),
        subject: call.text("subject").unwrap_or_default().to_owned(),
        body: call.text("body").map(str::to_owned),
        passback: call.text("passback_params").map(str::to_owned),
        charset: call.charset,
        limit: time_limit(call)
            .ok_or(("ACQ.INVALID_PARAMETER", "参数无效 time_expire, timeout_express"))?,
        tells_timeout: call.method == "alipay.trade.wap.pay",
        link: PayLinkUrls {
            notify_url: address("notify_url").map_err(wrong)?,
            return_url: address("return_url").map_err(wrong)?,
            show_url: call.text("quit_url").map(str::to_owned),
        },
    };
    let opened = request.checked().and_then(|request| request.open(call.alipay, call.account));
    match opened {
        Ok(trade_no) => Ok(answer::redirect(&format!("/cashier/{trade_no}"))),
        Err(PayError::Parameter(_)) => {
            Err(("ACQ.INVALID_PARAMETER", "参数无效 a parameter is missing or unusable"))
        }
        Err(PayError::Over(Status::TradeClosed)) => Err(("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")),
        Err(PayError::Over(_)) => Err(("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")),
        Err(PayError::OtherTotal(_)) => Err(("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")),
        Err(PayError::File(_)) => Err(("ACQ.SYSTEM_ERROR", "系统错误")),
    }
}

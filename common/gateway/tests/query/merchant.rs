//! Merchants whose gateway is a server of a test, and what that gateway signs.

use std::io::Write;

use alipay::{Charset, Form, Md5Key, PrivateKey, Rule, SignType, Signer};
use config::Config;
use config::Merchant;

/// Reads one merchant from the lines of its section.
pub(crate) fn merchant(lines: &str) -> Merchant {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "[merchants.m]\n{lines}\n").unwrap();
    let config = Config::load_from(Some(file.path()), []).unwrap();
    config.merchant("m").unwrap().clone()
}

/// A merchant of the legacy gateway, MD5.
pub(crate) fn mapi(gateway: &str) -> Merchant {
    merchant(&format!(
        "protocol = \"mapi\"\nseller_id = \"2088000000000001\"\nsign_types = [\"MD5\"]\n\
         md5_key = \"{MD5}\"\ngateway = \"{gateway}\""
    ))
}

/// A merchant of the Open Platform, RSA2.
pub(crate) fn openapi(gateway: &str) -> Merchant {
    merchant(&format!(
        "protocol = \"openapi\"\napp_id = \"2021000000000001\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys = [\"\"\"{PUBLIC}\"\"\"]\nprivate_key = \"\"\"{OWN}\"\"\"\n\
         gateway = \"{gateway}\""
    ))
}

pub(crate) const MD5: &str = "10000000000000000000000000000000";
pub(crate) const PUBLIC: &str =
    include_str!("../../../alipay/tests/fixtures/keys/rsa2048-spki.pem");
/// Alipay's.
pub(crate) const PRIVATE: &str =
    include_str!("../../../alipay/tests/fixtures/keys/rsa2048-pkcs8-private.pem");
/// The merchant's.
pub(crate) const OWN: &str = include_str!("../../../alipay/tests/fixtures/keys/app-private.pem");

/// The legacy gateway's answer about a paid trade.
pub(crate) fn xml(out_trade_no: &str) -> Vec<u8> {
    let fields = [
        ("out_trade_no", out_trade_no),
        ("subject", "\u{6d4b}\u{8bd5}"),
        ("total_fee", "2.75"),
        ("trade_no", "2014111363338388"),
        ("trade_status", "TRADE_SUCCESS"),
    ];
    let pairs = fields.map(|(name, value)| (name, Charset::Gbk.encode(value).unwrap()));
    let mut form = Form::from_pairs(pairs);
    Signer::Md5(Md5Key::new(MD5)).sign_form(&mut form, Rule::DropEmpty).unwrap();
    let sign = String::from_utf8(form.get("sign").unwrap().to_vec()).unwrap();
    let fields: String =
        fields.iter().map(|(name, value)| format!("<{name}>{value}</{name}>\n")).collect();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"GBK\"?>\n<alipay><is_success>T</is_success>\
         <response><trade>{fields}</trade></response><sign>{sign}</sign>\
         <sign_type>MD5</sign_type></alipay>"
    );
    Charset::Gbk.encode(&text).unwrap()
}

/// The Open Platform's answer about a paid trade.
pub(crate) fn json(out_trade_no: &str) -> Vec<u8> {
    let node = format!(
        "{{\"code\":\"10000\",\"out_trade_no\":\"{out_trade_no}\",\"trade_no\":\"2019082922001\",\
         \"trade_status\":\"TRADE_SUCCESS\",\"total_amount\":\"2.75\",\
         \"send_pay_date\":\"2019-08-29 20:14:05\"}}"
    );
    let key = PrivateKey::read(PRIVATE).unwrap();
    let sign = key.sign(SignType::Rsa2, node.as_bytes()).unwrap();
    format!("{{\"alipay_trade_query_response\":{node},\"sign\":\"{sign}\"}}").into_bytes()
}

//! Certificate mode: what goes along with a request, and whose answer is believed.

use std::time::Duration;

use alipay::{Certificate, CertificateError, Form, PrivateKey, SignType, SignatureError, TradeRef};
use config::Merchant;
use gateway::{Gateway, GatewayError};

use crate::merchant::{OWN, PRIVATE, merchant};
use testkit::{FakeGateway, Reply};

const SOON: Duration = Duration::from_secs(10);
const WHICH: TradeRef<'_> = TradeRef::OutTradeNo("A-1");

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("../../../alipay/tests/fixtures/certificates/", $name, ".pem"))
    };
}
/// Ended in 2022.
const OLD: &str = pem!("alipay");
/// The same key, until 2124.
const RENEWED: &str = pem!("alipay-renewed");
const FORGED: &str = pem!("forged");
/// The merchant's own, until 2122.
const APP: &str = pem!("app");
/// Of the same key, ended in 2022.
const APP_ENDED: &str = pem!("app-ended");
const ROOTS: &str = pem!("roots");

fn certified(gateway: &str, alipay: &str, app_cert: Option<&str>) -> Merchant {
    let app_cert =
        app_cert.map(|pem| format!("app_cert = \"\"\"{pem}\"\"\"\n")).unwrap_or_default();
    merchant(&format!(
        "protocol = \"openapi\"\napp_id = \"2021000000000001\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys = [\"\"\"{alipay}\"\"\"]\nprivate_key = \"\"\"{OWN}\"\"\"\n\
         alipay_root_cert = \"\"\"{ROOTS}\"\"\"\n{app_cert}app_auth_token = \"token\"\n\
         gateway = \"{gateway}\""
    ))
}

fn sn(pem: &str) -> String {
    Certificate::read(pem).unwrap().sn().to_owned()
}

fn not_exist(cert_sn: &str) -> Reply {
    let node = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
    let sign = PrivateKey::read(PRIVATE).unwrap().sign(SignType::Rsa2, node.as_bytes()).unwrap();
    let body = format!(
        r#"{{"alipay_trade_query_response":{node},"alipay_cert_sn":"{cert_sn}","sign":"{sign}"}}"#
    );
    Reply::Good(body.into_bytes())
}

#[tokio::test]
async fn requests_carry_the_numbers() {
    let server = FakeGateway::start(not_exist(&sn(RENEWED))).unwrap();
    let merchant = certified(&server.url, RENEWED, Some(APP));
    let answered = Gateway::new(SOON).query(&merchant, WHICH).await.unwrap();
    assert_eq!(answered.answer, alipay::QueryAnswer::NotExist);
    let request = server.next_request().unwrap();
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let form = Form::parse(body.as_bytes()).unwrap();
    let text = |name: &str| String::from_utf8(form.get(name).unwrap().to_vec()).unwrap();
    assert_eq!(text("app_cert_sn"), sn(APP));
    assert_eq!(text("alipay_root_cert_sn"), merchant.alipay_root_cert.unwrap().sn());
    assert_eq!(text("app_auth_token"), "token");
}

#[tokio::test]
async fn an_answer_under_another_certificate() {
    let gateway = Gateway::new(SOON);
    let server = FakeGateway::start(not_exist(&sn(OLD))).unwrap();
    let merchant = certified(&server.url, RENEWED, Some(APP));
    let error = gateway.query(&merchant, WHICH).await.unwrap_err();
    assert_eq!(error.reason_code(), "unknown_certificate", "{error}");
    assert!(error.to_string().contains(&sn(OLD)), "{error}");
    assert!(!error.is_transient());

    let merchant = certified(&server.url, OLD, Some(APP));
    let error = gateway.query(&merchant, WHICH).await.unwrap_err();
    assert_eq!(error.reason_code(), "certificate_expired", "{error}");
    let expired = |error: &GatewayError| {
        matches!(
            error,
            GatewayError::Answer(alipay::AnswerError::Signature(
                SignatureError::CertificateExpired { .. }
            ))
        )
    };
    assert!(expired(&error), "{error:?}");
}

#[tokio::test]
async fn what_is_not_even_asked() {
    let server = FakeGateway::start(not_exist("")).unwrap();
    let gateway = Gateway::new(SOON);
    let expired = certified(&server.url, RENEWED, Some(APP_ENDED));
    let error = gateway.query(&expired, WHICH).await.unwrap_err();
    assert!(
        matches!(
            &error,
            GatewayError::AppCertificate { error: CertificateError::Expired { .. }, .. }
        ),
        "{error:?}"
    );
    assert_eq!(error.reason_code(), "app_certificate");
    assert!(error.is_unsent() && !error.is_transient());
    assert_eq!(Gateway::can_ask(&expired), Err(error));
    let without = certified(&server.url, RENEWED, None);
    let error = Gateway::can_ask(&without).unwrap_err();
    assert_eq!(error, GatewayError::NoKey { merchant: "m".to_owned(), key: "app_cert" });
    let mode = crate::merchant::openapi(&server.url);
    let error = gateway.certificate(&mode, "x").await.unwrap_err();
    assert_eq!(error, GatewayError::NoKey { merchant: "m".to_owned(), key: "alipay_root_cert" });
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_certificate_is_fetched_and_checked() {
    use base64::Engine as _;
    let gateway = Gateway::new(SOON);
    let download = |pem: &str| {
        let content = base64::engine::general_purpose::STANDARD.encode(pem);
        let node = format!(r#"{{"code":"10000","alipay_cert_content":"{content}"}}"#);
        let name = "alipay_open_app_alipaycert_download_response";
        Reply::Good(format!(r#"{{"{name}":{node},"sign":"bm9ib2R5"}}"#).into_bytes())
    };
    for (pem, asked, expected) in [
        (RENEWED, sn(RENEWED), None),
        (OLD, sn(OLD), None),
        (OLD, sn(RENEWED), Some("untrusted_certificate")),
        (FORGED, sn(FORGED), Some("untrusted_certificate")),
        ("x", sn(OLD), Some("not_an_answer")),
    ] {
        let server = FakeGateway::start(download(pem)).unwrap();
        let merchant = certified(&server.url, RENEWED, Some(APP));
        let found = gateway.certificate(&merchant, &asked).await;
        let reason = found.as_ref().err().map(GatewayError::reason_code);
        assert_eq!(reason, expected, "{found:?}");
        if let Ok(found) = found {
            assert_eq!(found.pem().unwrap(), pem);
        }
    }
}

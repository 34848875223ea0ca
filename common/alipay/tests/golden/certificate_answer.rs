//! A certificate that the gateway was asked for.

use alipay::{
    AnswerError, Application, CertificateAnswer, CertificateDownload, CertificateError, Charset,
    PrivateKey, Signer, parse_beijing,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::certificates::{certificate, roots};
use crate::fixture;

fn answer(pem: &str) -> Result<CertificateAnswer, AnswerError> {
    let content = STANDARD.encode(pem);
    let body = format!(
        r#"{{"alipay_open_app_alipaycert_download_response":{{"code":"10000","msg":"Success",
            "alipay_cert_content":"{content}"}},"alipay_cert_sn":"new","sign":"bm9ib2R5"}}"#
    );
    CertificateAnswer::read(body.as_bytes(), Charset::Utf8)
}

#[test]
fn only_the_one_that_was_asked_for_and_only_of_a_root() {
    let (own, alipay) = (roots("roots"), certificate("alipay"));
    let read = |name: &str| answer(&fixture::text(&format!("certificates/{name}.pem"))).unwrap();
    assert_eq!(read("alipay").trusted(alipay.sn(), &own), Ok(alipay.clone()));
    let other = read("alipay-renewed").trusted(alipay.sn(), &own).unwrap_err();
    assert!(matches!(other, CertificateError::OtherNumber { .. }), "{other}");
    let sn = certificate("forged").sn().to_owned();
    let forged = read("forged").trusted(&sn, &own).unwrap_err();
    assert!(matches!(forged, CertificateError::NotIssued { .. }), "{forged}");
}

#[test]
fn what_is_no_certificate() {
    for pem in ["", "x", &fixture::text("keys/rsa2048-spki.pem")] {
        assert_eq!(answer(pem).unwrap_err().reason_code(), "not_an_answer", "{pem}");
    }
    let read = |body: &str| CertificateAnswer::read(body.as_bytes(), Charset::Utf8).unwrap_err();
    let node = "alipay_open_app_alipaycert_download_response";
    let empty = read(&format!(r#"{{"{node}":{{"code":"10000"}}}}"#));
    assert_eq!(empty.reason_code(), "not_an_answer");
    let refused = read(&format!(r#"{{"{node}":{{"code":"40004","sub_code":"CERT_NOT_FOUND"}}}}"#));
    assert_eq!(
        refused,
        AnswerError::Refused { code: "CERT_NOT_FOUND".to_owned(), message: String::new() }
    );
}

#[test]
fn what_goes_along_with_a_request_is_signed() {
    let key = PrivateKey::read(&fixture::text("keys/rsa2048-pkcs8-private.pem")).unwrap();
    let signer = Signer::Rsa2(key.clone());
    let (app_cert, roots) = (certificate("alipay"), roots("roots"));
    let application = Application {
        app_id: "2021",
        certificates: Some((&app_cert, &roots)),
        auth_token: Some("202508BBtoken"),
    };
    let at = parse_beijing("2026-11-23 12:00:00").unwrap();
    let request = |application: Application<'_>| {
        CertificateDownload::openapi(application, "abc", Charset::Utf8, at, &signer).unwrap()
    };
    let form = request(application);
    let text = |name: &str| form.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
    assert_eq!(text("method").as_deref(), Some("alipay.open.app.alipaycert.download"));
    assert_eq!(text("biz_content").as_deref(), Some(r#"{"alipay_cert_sn":"abc"}"#));
    assert_eq!(text("app_id").as_deref(), Some("2021"));
    assert_eq!(text("app_cert_sn").as_deref(), Some(app_cert.sn()));
    assert_eq!(text("alipay_root_cert_sn"), Some(roots.sn()));
    assert_eq!(text("app_auth_token").as_deref(), Some("202508BBtoken"));
    let content = alipay::canonical(&form, alipay::Rule::Request, &[]);
    let signed = content.windows(12).any(|part| part == b"app_cert_sn=");
    assert!(signed, "{}", content.escape_ascii());
    let sign = form.get("sign").unwrap();
    assert_eq!(key.public_key().verify(alipay::SignType::Rsa2, &content, sign), Ok(()));
    assert!(!format!("{application:?}").contains("token"), "{application:?}");
    // In public key mode there is nothing of the kind: the gateway refuses empty values.
    let form = request(Application { auth_token: Some(""), ..Application::from("2021") });
    for name in ["app_cert_sn", "alipay_root_cert_sn", "app_auth_token"] {
        assert_eq!(form.get(name), None, "{name}");
    }
}

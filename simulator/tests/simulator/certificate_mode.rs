//! The gateway in certificate mode, read as merchants read it. (docs/protocol.md §11.3, §11.4)

use alipay::{
    AnswerError, Application, Certificate, Charset, Fen, Form, Payment, QueryAnswer, Rule,
    SignatureError, TradeQuery, TradeRef, link,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use config::Config;
use simulator::{
    Account, AccountError, Authority, Clock, IssuedCertificate, ServeSettings, TradeStore,
    ValidTime,
};

use crate::alipay_server::{AlipayServer, now};
use crate::notify_server::NotifyServer;

const APP_ID: &str = "2021000000000001";

/// What Alipay and the application have.
struct Keys {
    authority: Authority,
    alipay: IssuedCertificate,
    app: IssuedCertificate,
}

impl Keys {
    fn new() -> Keys {
        let valid = ValidTime::days(30, Utc::now());
        let authority = Authority::new(Utc::now()).unwrap();
        let alipay = authority.alipay(valid).unwrap();
        let app = authority.app(APP_ID, valid).unwrap();
        Keys { authority, alipay, app }
    }

    fn config(&self) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("alipay.toml");
        let text = format!(
            "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"{APP_ID}\"\n\
             seller_id = \"2088000000000004\"\nsign_types = [\"RSA2\"]\n\
             alipay_public_keys = [\"\"\"{}\"\"\"]\nprivate_key = \"\"\"{}\"\"\"\n\
             app_cert = \"\"\"{}\"\"\"\nalipay_root_cert = \"\"\"{}\"\"\"\n",
            self.alipay.bundle_pem,
            self.app.private_pem,
            self.app.pem,
            self.authority.roots_pem(),
        );
        std::fs::write(&file, text).unwrap();
        Config::load_from(Some(&file), []).unwrap()
    }

    /// Alipay signs with this certificate's key; with `others` the merchant does not know it.
    async fn serve(&self, alipay: &IssuedCertificate, others: &[String]) -> (AlipayServer, Clock) {
        let config = self.config();
        let key = alipay::PrivateKey::read(&alipay.private_pem).unwrap();
        let merchant = config.merchant("app").unwrap();
        let account = match others {
            [] => Account::new(merchant, Some(&key), None),
            others => Account::new(merchant, Some(&key), Some(alipay::SignType::Rsa2))
                .and_then(|account| account.with_alipay_certificates(others)),
        };
        let clock = Clock::default();
        let settings = ServeSettings { clock: clock.clone(), ..ServeSettings::default() };
        let accounts = vec![account.unwrap()];
        let trade_store = TradeStore::in_memory();
        (AlipayServer::for_accounts(config, accounts, settings, trade_store).await, clock)
    }
}

/// A signed question about an order.
fn question(server: &AlipayServer) -> Form {
    let merchant = server.merchant("app");
    let certificates = merchant.app_cert.as_ref().zip(merchant.alipay_root_cert.as_ref());
    let application = Application { app_id: APP_ID, certificates, auth_token: None };
    let which = TradeRef::OutTradeNo("A1");
    let signer = server.signer("app");
    TradeQuery::openapi(application, which, Charset::Utf8, now(), &signer).unwrap()
}

fn read(server: &AlipayServer, body: &[u8]) -> Result<QueryAnswer, AnswerError> {
    let merchant = server.merchant("app");
    let (charset, verifier) = (Charset::Utf8, &merchant.verifier);
    QueryAnswer::read(body, merchant.protocol, charset, verifier, Utc::now())
}

#[tokio::test]
async fn requests_and_answers_name_their_certificates() {
    let keys = Keys::new();
    let (server, clock) = keys.serve(&keys.alipay, &[]).await;
    assert_eq!(
        read(&server, &server.ask(&question(&server), Charset::Utf8).await.body),
        Ok(QueryAnswer::NotExist)
    );
    let answer = server.ask(&question(&server), Charset::Utf8).await;
    let sn = Certificate::read(&keys.alipay.pem).unwrap().sn().to_owned();
    let beside = format!("}},\"alipay_cert_sn\":\"{sn}\",\"sign\":\"");
    assert!(answer.text().contains(&beside), "{}", answer.text());

    type Change = fn(&mut Form);
    let cases: [(Change, &str); 5] = [
        (|form| assert!(form.remove("app_cert_sn")), "isv.missing-app-cert-sn"),
        (|form| assert!(form.remove("alipay_root_cert_sn")), "isv.missing-alipay-root-cert-sn"),
        (|form| form.set("app_cert_sn", "0".repeat(32)), "isv.app-cert-not-exist"),
        (|form| form.set("alipay_root_cert_sn", "0"), "isv.invalid-alipay-root-cert-sn"),
        (|form| form.set("biz_content", "{}"), "isv.invalid-signature"),
    ];
    let refused = async |form: &Form| {
        let answer = server.ask(form, Charset::Utf8).await;
        let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(json["alipay_cert_sn"], sn.as_str());
        let node = &json["alipay_trade_query_response"];
        (node["code"].as_str().unwrap().to_owned(), node["sub_code"].as_str().unwrap().to_owned())
    };
    for (change, code) in cases {
        let mut form = question(&server);
        change(&mut form);
        if code != "isv.invalid-signature" {
            server.signer("app").sign_form(&mut form, Rule::Request).unwrap();
        }
        assert_eq!(refused(&form).await, ("40002".to_owned(), code.to_owned()));
    }
    clock.advance(TimeDelta::days(31));
    let (_, code) = refused(&question(&server)).await;
    assert_eq!(code, "isv.app-cert-expired");
}

#[tokio::test]
async fn a_notification_verifies_with_the_key_in_the_certificate() {
    let keys = Keys::new();
    let (server, _) = keys.serve(&keys.alipay, &[]).await;
    let shop = NotifyServer::start(|_, _| (200, "success")).await;
    let notify = shop.url.to_string();
    let payment = Payment {
        out_trade_no: "A1",
        subject: "点卡",
        total: Fen::new(10_00),
        notify_url: Some(&notify),
        return_url: None,
        more: &[],
        nested: &[],
    };
    let merchant = server.merchant("app");
    let certificates = merchant.app_cert.as_ref().zip(merchant.alipay_root_cert.as_ref());
    let application = Application { app_id: APP_ID, certificates, auth_token: None };
    let signer = server.signer("app");
    let form = payment.openapi(application, Charset::Utf8, now(), &signer).unwrap();
    let bare = payment.openapi(APP_ID, Charset::Utf8, now(), &signer).unwrap();
    let refused = server.get(&link("/gateway.do", &bare)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("isv.missing-app-cert-sn"), "{}", refused.text());

    let cashier = server.get(&link("/gateway.do", &form)).await.location.unwrap();
    server.post(&format!("{cashier}/pay"), "").await;
    let said = shop.wait_for(1).await.remove(0);
    merchant.verifier.verify(&said, &[], Utc::now()).unwrap();
    assert_eq!(
        said.get("alipay_cert_sn"),
        None,
        "the one capture has none (docs/protocol.md §11.1)"
    );
}

/// Alipay signs with a certificate that the merchant has never heard of.
#[tokio::test]
async fn an_unknown_certificate_can_be_downloaded() {
    let keys = Keys::new();
    let next = keys.authority.alipay(ValidTime::days(30, Utc::now())).unwrap();
    let files = [keys.alipay.bundle_pem.clone(), next.bundle_pem.clone()];
    let (server, _) = keys.serve(&next, &files).await;
    let answer = server.ask(&question(&server), Charset::Utf8).await;
    let Err(AnswerError::Signature(SignatureError::UnknownCertificate { sn })) =
        read(&server, &answer.body)
    else {
        panic!("{}", answer.text())
    };
    let download = async |content: String| {
        let mut form = question(&server);
        form.set("method", "alipay.open.app.alipaycert.download");
        form.set("biz_content", content);
        server.signer("app").sign_form(&mut form, Rule::Request).unwrap();
        let answer = server.ask(&form, Charset::Utf8).await;
        let mut json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        json["alipay_open_app_alipaycert_download_response"].take()
    };
    let node = download(format!("{{\"alipay_cert_sn\":\"{sn}\"}}")).await;
    assert_eq!(node["code"], "10000");
    let content = STANDARD.decode(node["alipay_cert_content"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(content).unwrap(), next.bundle_pem);
    for (content, code) in [
        ("{}", "isv.missing-alipay-cert-sn"),
        ("{\"alipay_cert_sn\":\"0\"}", "isv.alipay-cert-not-exist"),
    ] {
        assert_eq!(download(content.to_owned()).await["sub_code"], code);
    }
    // The certificate that signs must be named.
    let config = keys.config();
    let key = alipay::PrivateKey::read(&next.private_pem).unwrap();
    let account =
        Account::new(config.merchant("app").unwrap(), Some(&key), Some(alipay::SignType::Rsa2));
    let wrong = account.unwrap().with_alipay_certificates(&files[..1]);
    assert_eq!(wrong.unwrap_err(), AccountError::NotOurCertificate);
}

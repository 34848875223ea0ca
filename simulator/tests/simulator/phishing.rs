//! What an account of the legacy gateway requires against phishing. (docs/protocol.md §9.1, §9.4)

use alipay::{Charset, QueryTimestamp, link};
use chrono::TimeDelta;
use simulator::{Clock, Demands, ServeSettings};

use crate::alipay_server::{AlipayServer, Read};

async fn pay(server: &AlipayServer, order: &str, more: &[(&str, &str)]) -> Read {
    let form = server.pay_form_with("shop", order, more);
    server.get(&link("/gateway.do", &form)).await
}

async fn key(server: &AlipayServer) -> String {
    let partner = server.merchant("shop").partner.clone().unwrap();
    let form = QueryTimestamp::mapi(&partner, Charset::Utf8);
    let text = server.get(&link("/gateway.do", &form)).await.text();
    let (_, key) = text.split_once("<encrypt_key>").unwrap();
    key.split_once("</encrypt_key>").unwrap().0.to_owned()
}

#[tokio::test]
async fn an_account_can_require_anti_phishing_fields() {
    let clock = Clock::default();
    let settings = ServeSettings { clock: clock.clone(), ..ServeSettings::default() };
    let demands = Demands { anti_phishing_key: true, exter_invoke_ip: true };
    let server = AlipayServer::demanding(settings, demands).await;
    let address = ("exter_invoke_ip", "203.0.113.7");
    let fresh = key(&server).await;
    for (order, more, code) in [
        ("P1", &[address][..], "ILLEGAL_ANTI_PHISHING_KEY"),
        ("P1", &[address, ("anti_phishing_key", "0")], "ILLEGAL_ANTI_PHISHING_KEY"),
        ("P1", &[("anti_phishing_key", &fresh)], "ILLEGAL_EXTER_INVOKE_IP"),
        (
            "P1",
            &[("anti_phishing_key", &fresh), ("exter_invoke_ip", "here")],
            "ILLEGAL_EXTER_INVOKE_IP",
        ),
    ] {
        let answer = pay(&server, order, more).await;
        assert_eq!(answer.status, 400, "{more:?}");
        assert!(answer.text().contains(code), "{more:?}: {}", answer.text());
    }
    let good = [address, ("anti_phishing_key", &fresh)];
    assert_eq!(pay(&server, "P1", &good).await.status, 303);
    // The browser loads the page again.
    assert_eq!(pay(&server, "P1", &good).await.status, 303);
    clock.advance(TimeDelta::seconds(31));
    let late = pay(&server, "P1", &good).await;
    assert!(late.text().contains("ANTI_PHISHING_KEY_TIMEOUT"), "{}", late.text());
}

#[tokio::test]
async fn anti_phishing_fields_are_optional_otherwise() {
    let server = AlipayServer::start().await;
    assert_eq!(pay(&server, "P1", &[]).await.status, 303);
    let wrong = pay(&server, "P2", &[("anti_phishing_key", "0")]).await;
    assert!(wrong.text().contains("ILLEGAL_ANTI_PHISHING_KEY"), "{}", wrong.text());
    let fresh = key(&server).await;
    assert_eq!(pay(&server, "P2", &[("anti_phishing_key", &fresh)]).await.status, 303);
}

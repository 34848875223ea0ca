//! Certificate mode: an expired certificate and its successor.

use alipay::{Certificate, Form, PrivateKey, Rule, Signer};

use crate::client;
use crate::notification::{ALIPAY_PUBLIC_KEY, MD5_KEY, good, openapi_form, signed};
use crate::reload::{File, READ_AGAIN, REFUSED, reload, start};
use crate::running::{Ingress, sandbox};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../../common/alipay/tests/fixtures/", $name))
    };
}
/// Ended in 2022.
const OLD: &str = fixture!("certificates/alipay.pem");
/// Of the same key; valid until 2124.
const RENEWED: &str = fixture!("certificates/alipay-renewed.pem");
const FORGED: &str = fixture!("certificates/forged.pem");
const ROOTS: &str = fixture!("certificates/roots.pem");
const NOTIFY: &str = "/alipay/cert/notify";
const APP_ID: &str = "2021009999999999";

/// Merchants `shop` and `app`, and `cert` with these certificates of Alipay.
fn write(file: &File, alipay: &[&str]) {
    let alipay: Vec<String> = alipay.iter().map(|pem| format!("'''{pem}'''")).collect();
    let section = format!(
        "[merchants.cert]\nprotocol = \"openapi\"\napp_id = \"{APP_ID}\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys = [{}]\nalipay_root_cert = '''{ROOTS}'''",
        alipay.join(", ")
    );
    file.write(&format!("md5_key = \"{MD5_KEY}\""), &[ALIPAY_PUBLIC_KEY], &section);
}

fn notification(id: &str) -> Form {
    let mut form = openapi_form(id);
    form.set("app_id", APP_ID);
    let key = PrivateKey::read(fixture!("keys/rsa2048-pkcs8-private.pem")).unwrap();
    Signer::Rsa2(key).sign_form(&mut form, Rule::Notification).unwrap();
    form
}

async fn first_end(ingress: &Ingress) -> i64 {
    let metrics = client::get(ingress.admin, "/metrics").await.body;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("alipay_certificate_first_end_timestamp_seconds "));
    line.unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_stops_only_its_merchant() {
    let sandbox = sandbox().await;
    let file = File { folder: tempfile::tempdir().unwrap() };
    write(&file, &[OLD]);
    // It starts, for the other merchants.
    let ingress = start(&sandbox.amqp_url, &file).await;
    assert!(ingress.log().contains("a certificate is out of date"), "{}", ingress.log());
    let end = |pem: &str| Certificate::read(pem).unwrap().not_after().timestamp();
    assert_eq!(first_end(&ingress).await, end(OLD));
    let mut body = notification("n1").encode();
    assert_eq!(ingress.post(NOTIFY, &body).await.status, 400);
    assert_eq!(ingress.answers("fail", "certificate_expired").await, 1);
    assert_eq!(ingress.post("/alipay/shop/notify", good("n1")).await.body, "success");

    // A certificate that no root issued makes the configuration invalid, and nothing changes.
    write(&file, &[OLD, FORGED]);
    reload(&ingress, REFUSED).await;
    assert!(ingress.log().contains("is not issued by one of the roots"), "{}", ingress.log());
    assert_eq!(ingress.post(NOTIFY, &body).await.status, 400);

    // The expired certificate does no harm beside its successor.
    write(&file, &[OLD, RENEWED]);
    reload(&ingress, READ_AGAIN).await;
    assert_eq!(ingress.post(NOTIFY, &body).await.body, "success");
    write(&file, &[RENEWED]);
    reload(&ingress, READ_AGAIN).await;
    assert_eq!(first_end(&ingress).await, end(RENEWED));
    // A parameter that Alipay adds to some notifications without signing it.
    body.push_str("&alipay_cert_sn=0123456789abcdef0123456789abcdef");
    assert_eq!(ingress.post(NOTIFY, &body).await.body, "success");
    assert_eq!(ingress.post("/alipay/app/notify", app("n2")).await.body, "success");
}

fn app(id: &str) -> String {
    signed(openapi_form(id), &crate::notification::rsa2()).encode()
}

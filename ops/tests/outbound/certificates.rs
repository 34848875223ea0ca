//! Certificate mode: what a pay link carries, and when none is made.

use alipay::{Certificate, Form, RootCertificates};

use crate::world::World;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../common/alipay/tests/fixtures");

#[test]
fn a_link_names_the_certificates() {
    let mut world = World::new();
    let certificate = |name: &str| format!("{FIXTURES}/certificates/{name}.pem");
    // Valid until 2122; of the key below.
    let (app, roots) = (certificate("app"), certificate("roots"));
    for (key, file) in [
        ("PRIVATE_KEY_FILE", &format!("{FIXTURES}/keys/app-private.pem")),
        ("ALIPAY_PUBLIC_KEYS_FILE", &certificate("alipay-renewed")),
        ("ALIPAY_ROOT_CERT_FILE", &roots),
        ("APP_CERT_FILE", &app),
    ] {
        world.set(&format!("ALIPAY__MERCHANTS__APP__{key}"), file);
    }
    world.set("ALIPAY__MERCHANTS__APP__APP_AUTH_TOKEN", "a-token");
    world.order("A-1", "app");
    let link = world.json("pay-link A-1 --notify-url http://a.example/n")["link"].clone();
    let link = link.as_str().unwrap();
    let form = Form::parse(link.split_once('?').unwrap().1.as_bytes()).unwrap();
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let (app, roots) = (read(&app), read(&roots));
    let text = |name: &str| String::from_utf8(form.get(name).unwrap().to_vec()).unwrap();
    assert_eq!(text("app_cert_sn"), Certificate::read(&app).unwrap().sn());
    assert_eq!(text("alipay_root_cert_sn"), RootCertificates::read(&roots).unwrap().sn());
    assert_eq!(text("app_auth_token"), "a-token");

    // An expired certificate of the same key: Alipay would refuse the payment.
    world.set("ALIPAY__MERCHANTS__APP__APP_CERT_FILE", &certificate("app-ended"));
    world.run("pay-link A-1").ended(2, "merchants.app.app_cert cannot be used");
}

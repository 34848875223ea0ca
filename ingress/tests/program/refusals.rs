//! Everything that is answered `fail`: with its status, its reason, and nothing published.

use alipay::Form;

use crate::broker::Broker;
use crate::client::{self, Client, post, post_as};
use crate::notification::{
    RSA_SELLER, SHOP_SELLER, good, mapi_form, md5, openapi_form, rsa, rsa2, signed, stranger,
};
use crate::running::{Ingress, sandbox};

struct Case {
    what: &'static str,
    request: Vec<u8>,
    status: u16,
    reason: &'static str,
}

fn case(what: &'static str, request: Vec<u8>, status: u16, reason: &'static str) -> Case {
    Case { what, request, status, reason }
}

const SHOP: &str = "/alipay/shop/notify";
const APP: &str = "/alipay/app/notify";
const RSA: &str = "/alipay/rsa/notify";

/// Valid forms in invalid requests.
fn wrong_requests() -> Vec<Case> {
    let head = |method: &str, path: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").into_bytes()
    };
    let form = "application/x-www-form-urlencoded";
    let many: String = (0..257).map(|n| format!("p{n}=&")).collect();
    let two_signs = format!("{}&sign=x", good("x"));
    vec![
        case("another path", post("/", good("x")), 404, "not_found"),
        case("another page", post("/alipay/shop/returns", good("x")), 404, "not_found"),
        case("a slash too much", post("/alipay/shop/notify/", good("x")), 404, "not_found"),
        case("another merchant", post("/alipay/nobody/notify", good("x")), 404, "unknown_merchant"),
        case("none of several", post("/alipay/notify", good("x")), 404, "unknown_merchant"),
        case("GET", head("GET", SHOP), 405, "method_not_allowed"),
        case("PUT", head("PUT", SHOP), 405, "method_not_allowed"),
        case("DELETE", head("DELETE", SHOP), 405, "method_not_allowed"),
        case("JSON", post_as("application/json", SHOP, "{}"), 415, "wrong_content_type"),
        case("multipart", post_as("multipart/form-data", SHOP, "x"), 415, "wrong_content_type"),
        case("no content type", head("POST", SHOP), 415, "wrong_content_type"),
        case("no body", post_as(form, SHOP, ""), 400, "no_body"),
        case("only separators", post(SHOP, "&&&"), 400, "no_body"),
        case("257 parameters", post(SHOP, many), 400, "too_many_parameters"),
        case("a parameter twice", post(SHOP, two_signs), 400, "duplicate_parameter"),
        case("twice when decoded", post(SHOP, "a=1&%61=1&sign=x"), 400, "duplicate_parameter"),
    ]
}

/// Signed forms that are no notifications.
fn signed_for_something_else() -> Vec<Case> {
    let shop = |pairs: &[(&str, &str)]| {
        let mut form = mapi_form("x", SHOP_SELLER);
        for (name, value) in pairs {
            form.set(name, value);
        }
        post(SHOP, signed(form, &md5()).encode())
    };
    // The shop's own pay link: signed with the same key, by the same rule.
    let pay_link = Form::from_pairs([
        ("service", "create_direct_pay_by_user"),
        ("partner", SHOP_SELLER),
        ("_input_charset", "utf-8"),
        ("seller_id", SHOP_SELLER),
        ("out_trade_no", "A100"),
        ("subject", "Top-up bob&total_fee=10.00&trade_no=77&trade_status=TRADE_SUCCESS&z=1"),
        ("total_fee", "10.00"),
    ]);
    let pay_link = signed(pay_link, &md5());
    // The same text, split in another place.
    let mut cut = pay_link.clone();
    cut.set("subject", "Top-up bob");
    cut.set("total_fee", "10.00");
    cut.set("trade_no", "77");
    cut.set("trade_status", "TRADE_SUCCESS");
    cut.set("z", "1&total_fee=10.00");
    let not = "not_a_notification";
    vec![
        case("a pay link", post(SHOP, pay_link.encode()), 400, not),
        case("a pay link, cut elsewhere", post(SHOP, cut.encode()), 400, not),
        case("a legacy return URL", shop(&[("is_success", "T")]), 400, not),
        case("an old return URL", shop(&[("exterface", "create_direct_pay_by_user")]), 400, not),
        case("a return URL", shop(&[("method", "alipay.trade.page.pay.return")]), 400, not),
        case("a request", shop(&[("service", "close_trade"), ("notify_id", "")]), 400, not),
        case("a name with more in it", shop(&[("a=1&b", "2")]), 400, "parameter_name"),
        case("a name of another script", shop(&[("名", "2")]), 400, "parameter_name"),
        case("no name", shop(&[("", "2")]), 400, "parameter_name"),
    ]
}

/// Forms with an invalid signature.
fn wrong_signatures() -> Vec<Case> {
    let shop = |form: &Form| post(SHOP, form.encode());
    let app = |form: &Form| post(APP, form.encode());
    let with = |mut form: Form, name: &str, value: &str| {
        form.set(name, value);
        form
    };
    let without = |mut form: Form, name: &str| {
        form.remove(name);
        form
    };
    let paid = || signed(mapi_form("x", SHOP_SELLER), &md5());
    let app_paid = || signed(openapi_form("x"), &rsa2());
    let strange = signed(openapi_form("x"), &stranger());
    vec![
        case("no sign", shop(&without(paid(), "sign")), 400, "missing_sign"),
        case("an empty sign", shop(&with(paid(), "sign", "")), 400, "missing_sign"),
        case("another amount", shop(&with(paid(), "total_fee", "0.01")), 400, "bad_signature"),
        case("a parameter more", shop(&with(paid(), "extra", "1")), 400, "bad_signature"),
        case("a parameter less", shop(&without(paid(), "subject")), 400, "bad_signature"),
        case(
            "a space at the end",
            shop(&with(paid(), "subject", "测试 + 商品 ")),
            400,
            "bad_signature",
        ),
        case("rubbish", shop(&with(paid(), "sign", "zz")), 400, "bad_signature"),
        case("the other's key", app(&strange), 400, "bad_signature"),
        case(
            "a weaker type",
            app(&signed(openapi_form("x"), &rsa())),
            400,
            "sign_type_not_allowed",
        ),
        case("MD5 for RSA2", app(&signed(openapi_form("x"), &md5())), 400, "sign_type_not_allowed"),
        case(
            "a made up type",
            app(&with(app_paid(), "sign_type", "none")),
            400,
            "sign_type_not_allowed",
        ),
        case("lower case", shop(&with(paid(), "sign_type", "md5")), 400, "sign_type_not_allowed"),
    ]
}

/// Signed by Alipay, but for another merchant or not readable.
fn wrong_contents() -> Vec<Case> {
    let app = |name: &str, value: &str| {
        let mut form = openapi_form("x");
        form.set(name, value);
        post(APP, signed(form, &rsa2()).encode())
    };
    let other_seller = signed(mapi_form("x", "2088000000000009"), &md5()).encode();
    let rsa_other = signed(mapi_form("x", SHOP_SELLER), &rsa()).encode();
    let mut nobody = mapi_form("x", RSA_SELLER);
    nobody.remove("seller_id");
    let nobody = signed(nobody, &rsa()).encode();
    let mut no_app = openapi_form("x");
    no_app.remove("app_id");
    let no_app = signed(no_app, &rsa2()).encode();
    vec![
        case("another app", app("app_id", "2021009999999999"), 400, "not_this_merchant"),
        case("an empty app", app("app_id", ""), 400, "not_this_merchant"),
        case("no app", post(APP, no_app), 400, "not_this_merchant"),
        case("another seller", post(SHOP, other_seller), 400, "not_this_merchant"),
        case("another seller, RSA", post(RSA, rsa_other), 400, "not_this_merchant"),
        case("no seller, RSA", post(RSA, nobody), 400, "not_this_merchant"),
        case("a charset we lack", app("charset", "utf-7"), 400, "unknown_charset"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_answers_fail_and_publishes_nothing() {
    let sandbox = sandbox().await;
    let mut ingress = Ingress::start(&sandbox.amqp_url).await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let cases =
        [wrong_requests(), signed_for_something_else(), wrong_signatures(), wrong_contents()];
    for Case { what, request, status, reason } in cases.into_iter().flatten() {
        let before = ingress.answers("fail", reason).await;
        let answer = client::ask(ingress.public, request).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, "fail"), "{what}");
        assert!(answer.head.contains("\r\ncontent-type: text/plain\r\n"), "{what}");
        assert_eq!(answer.head.contains("\r\nallow: post\r\n"), status == 405, "{what}");
        assert!(!answer.head.contains(reason), "{what}: the reason is told to the caller");
        assert_eq!(ingress.answers("fail", reason).await, before + 1, "{what}: {reason}");
    }
    assert_eq!(broker.arrived().await.len(), 0);

    // Refused requests leave the connection usable.
    let mut client = Client::connect(ingress.public).await;
    for (request, status) in [
        (post(SHOP, "a=1"), 400),
        (post("/", "a=1"), 404),
        (post_as("text/plain", SHOP, "a=1"), 415),
        (post(SHOP, good("x")), 200),
    ] {
        client.send(request).await;
        assert_eq!(client.answer().await.unwrap().status, status);
    }

    ingress.terminate();
    let (status, log) = ingress.wait().await;
    assert!(status.success(), "{status}");
    assert!(log.contains("bad_signature"), "the reason is not logged");
    for secret in ["0123456789abcdef0123", "buyer@example.com", "BEGIN", "测试"] {
        assert!(!log.contains(secret), "{secret} is logged");
    }
}

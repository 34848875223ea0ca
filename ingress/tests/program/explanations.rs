//! What the log says of a signature that does not hold: the cause in words, for few messages a minute.
use testkit::until_async;

use crate::notification::{SHOP_SELLER, mapi_form, md5, openapi_form, rsa2, signed};
use crate::running::{Ingress, sandbox};

const SHOP: &str = "/alipay/shop/notify";
const APP: &str = "/alipay/app/notify";
const RSA: &str = "/alipay/rsa/notify";

/// A body whose signature has a plus sign, which something on the way has decoded to a space.
fn plus_lost() -> String {
    let body = |at: u32| signed(openapi_form(&format!("n{at}")), &rsa2()).encode();
    let with_plus = (0..)
        .map(body)
        .find(|body| body.rsplit_once("sign=").is_some_and(|(_, sign)| sign.contains("%2B")));
    let body = with_plus.unwrap();
    let (rest, sign) = body.rsplit_once("sign=").unwrap();
    format!("{rest}sign={}", sign.replace("%2B", "+"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cause_of_a_bad_signature_is_logged() {
    let sandbox = sandbox().await;
    let ingress = Ingress::start(&sandbox.amqp_url).await;
    let of_the_shop = signed(mapi_form("n1", SHOP_SELLER), &md5()).encode();
    let changed = of_the_shop.replace("total_fee=", "total_fee=1");
    let told = |cause: &str| ingress.log().matches(&format!("cause=\"{cause}\"")).count();
    for (path, body, cause, says) in [
        (APP, plus_lost(), "plus_signs_lost", "plus signs of the sign became spaces"),
        (RSA, of_the_shop.clone(), "another_merchant", "the keys of the merchant shop made it"),
        (SHOP, changed, "unknown", "no configured key made it"),
    ] {
        assert_eq!(ingress.post(path, body.clone()).await.status, 400, "{cause}");
        until_async(cause, async || told(cause) == 1).await;
        assert!(ingress.log().contains(says), "{}", ingress.log());
        let sign = body.rsplit_once("sign=").unwrap().1.split('&').next().unwrap();
        assert!(!ingress.log().contains(&sign[..16]), "a signature was logged");
    }
    // A fourth is explained, and then it is enough for this minute, whatever comes.
    for at in 0..50 {
        let body = signed(mapi_form(&format!("m{at}"), SHOP_SELLER), &md5()).encode();
        let answer = ingress.post(SHOP, body.replace("total_fee=", "total_fee=2")).await;
        assert!(matches!(answer.status, 400 | 429), "{}", answer.status);
    }
    until_async("a fourth", async || told("unknown") == 2).await;
    assert_eq!(ingress.post(SHOP, of_the_shop).await.body, "success");
    assert!(told("unknown") <= 2, "{}", ingress.log());
}

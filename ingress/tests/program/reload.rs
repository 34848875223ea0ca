//! SIGHUP: merchants and keys change without a restart.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use alipay::{Md5Key, Signer};
use testkit::until_async;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::broker::Broker;
use crate::client::{Client, post};
use crate::notification::{
    ALIPAY_PUBLIC_KEY, APP_ID, SHOP_SELLER, mapi_form, openapi_form, rsa2, signed, stranger,
};
use crate::running::{Ingress, sandbox};

const SHOP: &str = "/alipay/shop/notify";
const APP: &str = "/alipay/app/notify";
const OTHER_PUBLIC_KEY: &str = include_str!("../keys/other.pub.pem");

/// A configuration file that changes.
pub(crate) struct File {
    pub(crate) folder: tempfile::TempDir,
}

impl File {
    fn path(&self) -> PathBuf {
        self.folder.path().join("alipay.toml")
    }

    /// Merchant `shop` with these lines for its MD5 keys, `app` with these of Alipay's keys.
    pub(crate) fn write(&self, md5: &str, keys: &[&str], more: &str) {
        let names: Vec<String> = (0..keys.len()).map(|at| format!("{at}.pem")).collect();
        for (name, key) in names.iter().zip(keys) {
            std::fs::write(self.folder.path().join(name), key).unwrap();
        }
        let text = format!(
            "[merchants.shop]\nprotocol = \"mapi\"\nseller_id = \"{SHOP_SELLER}\"\n\
             sign_types = [\"MD5\"]\n{md5}\n\
             [merchants.app]\nprotocol = \"openapi\"\napp_id = \"{APP_ID}\"\n\
             sign_types = [\"RSA2\"]\nalipay_public_keys_file = {names:?}\n{more}\n"
        );
        std::fs::write(self.path(), text).unwrap();
    }
}

/// Starts an ingress on the file.
pub(crate) async fn start(amqp_url: &str, file: &File) -> Ingress {
    let path = file.path();
    let variables = [
        ("ALIPAY__AMQP__URL", amqp_url),
        ("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0"),
        ("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0"),
        ("ALIPAY_CONFIG", path.to_str().unwrap()),
    ];
    Ingress::run(&variables).await
}

/// Sends SIGHUP and waits for one more line with this text.
pub(crate) async fn reload(ingress: &Ingress, says: &str) {
    let lines = || ingress.log().matches(says).count();
    let before = lines();
    let id = ingress.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    until_async(says, async || lines() > before).await;
}

pub(crate) const READ_AGAIN: &str = "merchants and their keys were read again";
pub(crate) const REFUSED: &str = "the new configuration cannot be used";

fn shop(id: &str, key: &str) -> String {
    signed(mapi_form(id, SHOP_SELLER), &Signer::Md5(Md5Key::new(key))).encode()
}

fn app(id: &str, signer: &Signer) -> String {
    signed(openapi_form(id), signer).encode()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_change_under_load_refuses_no_request() {
    let sandbox = sandbox().await;
    let file = File { folder: tempfile::tempdir().unwrap() };
    file.write("md5_key = \"first\"", &[ALIPAY_PUBLIC_KEY], "");
    let ingress = start(&sandbox.amqp_url, &file).await;

    // Alipay: at first it signs with the old keys, then with the new ones.
    let (switch, new_keys) = watch::channel(false);
    let stop = Arc::new(AtomicBool::new(false));
    let (public, mut clients) = (ingress.public, JoinSet::new());
    let with: Arc<[AtomicUsize; 2]> = Arc::default();
    for number in 0..4 {
        let (new_keys, stop, with) = (new_keys.clone(), Arc::clone(&stop), Arc::clone(&with));
        clients.spawn(async move {
            let mut client = Client::connect(public).await;
            for nth in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let new = *new_keys.borrow();
                let id = format!("{number}-{nth}");
                let request = match (number % 2, new) {
                    (0, false) => post(SHOP, shop(&id, "first")),
                    (0, true) => post(SHOP, shop(&id, "second")),
                    (_, false) => post(APP, app(&id, &rsa2())),
                    (_, true) => post(APP, app(&id, &stranger())),
                };
                client.send(request).await;
                let answer = client.answer().await.unwrap();
                assert_eq!(answer.body, "success", "{number}, new key: {new}");
                with[usize::from(new)].fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let some_more = async |new: usize| {
        let enough = with[new].load(Ordering::Relaxed) + 40;
        until_async("requests", async || with[new].load(Ordering::Relaxed) > enough).await;
    };
    some_more(0).await;
    let both = "md5_key = \"second\"\nmd5_old_key = \"first\"";
    file.write(both, &[ALIPAY_PUBLIC_KEY, OTHER_PUBLIC_KEY], "");
    reload(&ingress, READ_AGAIN).await;
    some_more(0).await;
    switch.send_replace(true);
    some_more(1).await;
    file.write("md5_key = \"second\"", &[OTHER_PUBLIC_KEY], "");
    reload(&ingress, READ_AGAIN).await;
    some_more(1).await;
    // And often, with no change at all.
    for _ in 0..10 {
        reload(&ingress, READ_AGAIN).await;
    }
    some_more(1).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert_eq!(ingress.answers("fail", "bad_signature").await, 0);

    // The old keys cannot be used any more.
    assert_eq!(ingress.post(SHOP, shop("x", "first")).await.status, 400);
    assert_eq!(ingress.post(APP, app("x", &rsa2())).await.status, 400);
    // Retired, a key counts until its end, and for nothing that comes after it.
    let hour = chrono::TimeDelta::hours(1);
    for (until, status) in [(chrono::Utc::now() + hour, 200), (chrono::Utc::now() - hour, 400)] {
        let until = until.to_rfc3339();
        let retired = format!(
            "md5_key = \"second\"\n[[merchants.shop.retired_keys]]\nmd5_key = \"first\"\n\
             until = \"{until}\""
        );
        file.write(&retired, &[OTHER_PUBLIC_KEY], "");
        reload(&ingress, READ_AGAIN).await;
        assert_eq!(ingress.post(SHOP, shop("y", "first")).await.status, status);
    }
    assert_eq!(ingress.answers("fail", "key_retired").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_file_changes_nothing() {
    let sandbox = sandbox().await;
    let file = File { folder: tempfile::tempdir().unwrap() };
    let md5 = "md5_key = \"first\"";
    file.write(md5, &[ALIPAY_PUBLIC_KEY], "");
    let ingress = start(&sandbox.amqp_url, &file).await;
    let works = async || {
        assert_eq!(ingress.post(SHOP, shop("n1", "first")).await.body, "success");
        assert_eq!(ingress.post(APP, app("n1", &rsa2())).await.body, "success");
    };
    for (md5, more, named) in [
        ("md5_key = \"second", "", "alipay.toml, line 5"),
        ("md5_kex = \"second\"", "", "merchants.shop.md5_kex: unknown key"),
        ("md5_key_file = \"none.txt\"", "", "none.txt"),
        (
            "md5_key = \"second\"",
            "[merchants.half]\nprotocol = \"mapi\"",
            "merchants.half.seller_id",
        ),
    ] {
        file.write(md5, &[ALIPAY_PUBLIC_KEY], more);
        reload(&ingress, REFUSED).await;
        assert!(ingress.log().contains(named), "{named}: {}", ingress.log());
        works().await;
    }
    std::fs::write(file.path(), "").unwrap();
    reload(&ingress, REFUSED).await;
    works().await;
    std::fs::remove_file(file.path()).unwrap();
    reload(&ingress, REFUSED).await;
    works().await;
    assert!(!ingress.log().contains("second"), "a key was logged");
    // Corrected, it is taken, and the log names the keys that are in use now.
    let in_use = |key: &str| format!("keys=\"md5_key {}", Md5Key::new(key).fingerprint());
    assert!(ingress.log().contains(&in_use("first")), "{}", ingress.log());
    assert!(!ingress.log().contains(&in_use("second")), "{}", ingress.log());
    file.write("md5_key = \"second\"", &[ALIPAY_PUBLIC_KEY], "");
    reload(&ingress, &in_use("second")).await;
    assert_eq!(ingress.post(SHOP, shop("n2", "second")).await.body, "success");
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_changes_merchants_and_reports_what_needs_a_restart() {
    let sandbox = sandbox().await;
    let broker = Broker::connect(&sandbox.amqp_url).await;
    let file = File { folder: tempfile::tempdir().unwrap() };
    let md5 = "md5_key = \"first\"";
    file.write(md5, &[ALIPAY_PUBLIC_KEY], "");
    let ingress = start(&sandbox.amqp_url, &file).await;
    let body = signed(mapi_form("n1", "2088002007018999"), &Signer::Md5(Md5Key::new("third")));
    let more = "/alipay/more/notify";
    assert_eq!(ingress.post(more, body.encode()).await.status, 404);
    let section = "[merchants.more]\nprotocol = \"mapi\"\nseller_id = \"2088002007018999\"\n\
                   sign_types = [\"MD5\"]\nmd5_key = \"third\"\n[ingress]\nmax_body = 100";
    file.write(md5, &[ALIPAY_PUBLIC_KEY], section);
    reload(&ingress, READ_AGAIN).await;
    assert!(ingress.log().contains("needs a restart"), "{}", ingress.log());
    assert!(ingress.log().contains("sections=\"ingress\""), "{}", ingress.log());
    // Its limits are those of the start.
    assert_eq!(ingress.post(more, body.encode()).await.body, "success");
    assert_eq!(broker.arrived().await[0].envelope.merchant, "more");
    file.write(md5, &[ALIPAY_PUBLIC_KEY], "");
    reload(&ingress, READ_AGAIN).await;
    assert!(ingress.log().contains("removed=\"more\""), "{}", ingress.log());
    assert_eq!(ingress.post(more, body.encode()).await.status, 404);
}

//! The program, against a merchant's side on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use alipay::Form;
use serde_json::Value;
use tempfile::TempDir;

use crate::merchants::MD5_KEY;
use crate::notify_server::{NotifyServer, nobody};

/// A folder with a configuration of two merchants, `shop` (openapi) and `old` (mapi).
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        let configuration = format!(
            "[ingress]\nlisten = \"127.0.0.1:0\"\n\
             [merchants.old]\nprotocol = \"mapi\"\nseller_id = \"2088101568338364\"\n\
             sign_types = [\"MD5\"]\nmd5_key = \"{MD5_KEY}\"\n"
        );
        fs::write(folder.path("alipay.toml"), configuration).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Adds the merchant `shop` with a fresh key pair, made by the program.
    async fn with_shop(self) -> Folder {
        let keys = self.path("keys");
        let made = run(&["keygen", "--dir", keys.to_str().unwrap()]).await;
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        let mut configuration = fs::read_to_string(self.path("alipay.toml")).unwrap();
        configuration.push_str(
            "[merchants.shop]\nprotocol = \"openapi\"\napp_id = \"2021000118632035\"\n\
             sign_types = [\"RSA2\"]\nalipay_public_keys_file = \"keys/alipay_public.pem\"\n",
        );
        fs::write(self.path("alipay.toml"), configuration).unwrap();
        self
    }

    /// Runs a verb with this configuration; `words` are split at blanks.
    async fn run(&self, to: &hyper::Uri, words: &str) -> Output {
        let config = self.path("alipay.toml");
        let to = to.to_string();
        let mut arguments = vec!["--config", config.to_str().unwrap()];
        arguments.extend(words.split_whitespace());
        arguments.extend(["--to", &to]);
        run(&arguments).await
    }
}

async fn run(arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_simulator"));
    command.args(arguments).env_remove("ALIPAY_CONFIG").env_remove("SIMULATOR_PRIVATE_KEY");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map_or("", |value| std::str::from_utf8(value).unwrap())
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON alone on stdout")
}

async fn friendly() -> NotifyServer {
    NotifyServer::start(|_, _| (200, "success")).await
}

#[tokio::test]
async fn a_refund_continues_the_recorded_payment() {
    let folder = Folder::new().with_shop().await;
    let key = folder.path("keys/alipay_private.pem");
    let key = format!("--merchant shop --alipay-private-key {}", key.display());
    let server = friendly().await;

    let paid = folder.run(&server.url, &format!("pay {key} --order A1 --total 10.00")).await;
    assert_eq!(paid.status.code(), Some(0), "{paid:?}");
    let line = String::from_utf8(paid.stdout).unwrap();
    assert!(line.starts_with("pay order=A1 trade_no=") && line.contains("status=200"), "{line}");

    let refund = format!("refund {key} --order A1 --amount 3.00 --request-no R1 --output json");
    let refunded = folder.run(&server.url, &refund).await;
    assert_eq!(refunded.status.code(), Some(0), "{refunded:?}");
    assert_eq!(json(&refunded)["success"], true);
    assert_eq!(json(&refunded)["notifications"][0]["attempts"][0]["answer"], "success");
    folder.run(&server.url, &format!("refund {key} --order A1")).await;

    let received = server.received();
    let [paid, part, rest] = received.as_slice() else { panic!("{received:?}") };
    for refund in [part, rest] {
        assert_eq!(text(refund, "trade_no"), text(paid, "trade_no"));
        assert_eq!(text(refund, "gmt_payment"), text(paid, "gmt_payment"));
    }
    assert_eq!(text(part, "refund_fee"), "3.00");
    assert_eq!(text(part, "trade_status"), "TRADE_SUCCESS");
    assert_eq!(text(rest, "refund_fee"), "10.00");
    assert_eq!(text(rest, "trade_status"), "TRADE_CLOSED");

    // The same number again is the same refund: its notification is repeated.
    folder.run(&server.url, &refund).await;
    let repeated = server.received().pop().unwrap();
    assert_eq!(text(&repeated, "notify_id"), text(part, "notify_id"));
    // Alipay refuses impossible steps.
    let refused = folder.run(&server.url, &format!("finish {key} --order A1")).await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}

#[tokio::test]
async fn a_legacy_refund_takes_a_batch_number() {
    let folder = Folder::new();
    let server = friendly().await;
    // The only merchant needs no name, MD5 no key file.
    folder.run(&server.url, "pay --order B1 --total 10.00").await;
    let refund = "refund --order B1 --amount 10.00 --batch-no 20261123001";
    let refunded = folder.run(&server.url, refund).await;
    assert_eq!(refunded.status.code(), Some(0), "{refunded:?}");
    let received = server.received();
    let [paid, sync, batch] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(text(sync, "refund_status"), "REFUND_SUCCESS");
    assert_eq!(text(batch, "batch_no"), "20261123001");
    assert_eq!(text(batch, "result_details"), format!("{}^10.00^SUCCESS", text(paid, "trade_no")));
}

#[tokio::test]
async fn every_fault_changes_the_notification_as_named() {
    let folder = Folder::new();
    let server = friendly().await;
    let received = async |words: &str| {
        let before = server.received().len();
        let output = folder.run(&server.url, words).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        server.received().split_off(before)
    };

    let twice = received("pay --order C1 --total 10.00 --duplicate --repeat 2").await;
    assert_eq!(twice.len(), 4);
    assert!(twice.iter().all(|form| text(form, "notify_id") == text(&twice[0], "notify_id")));
    let times: std::collections::BTreeSet<_> =
        twice.iter().map(|form| text(form, "notify_time")).collect();
    assert_eq!(times.len(), 3, "repeats have times of their own: {times:?}");

    let early = received("refund --order C1 --amount 1.00 --reorder").await;
    let order: Vec<_> = early.iter().map(|form| text(form, "refund_status")).collect();
    assert_eq!(order, ["", "REFUND_SUCCESS", ""], "batch, refund, payment");

    let wrong = received("pay --order C2 --total 10.00 --wrong-amount 9.99 --wrong-app").await;
    assert_eq!(text(&wrong[0], "total_fee"), "9.99");
    assert_ne!(text(&wrong[0], "seller_id"), "2088101568338364");
    // The fault was in the notification, not in the trade.
    let right = received("pay --order C2 --total 10.00").await;
    assert_eq!(text(&right[0], "total_fee"), "10.00");
    assert_eq!(text(&right[0], "notify_id"), text(&wrong[0], "notify_id"));

    let gbk = received("pay --order C3 --total 10.00 --gbk").await;
    assert_eq!(gbk[0].get("subject"), Some(b"\xb9\xba\xc2\xf2\xb6\xa9\xb5\xa5".as_slice()));

    let corrupt = received("pay --order C3 --total 10.00 --corrupt").await;
    assert_eq!(text(&corrupt[0], "sign").len(), 32);

    let second = received("pay --order C3 --total 10.00 --second-trade").await;
    assert_ne!(text(&second[0], "trade_no"), text(&corrupt[0], "trade_no"));
}

#[tokio::test]
async fn every_verb_sends_its_notifications() {
    let folder = Folder::new();
    let server = friendly().await;
    for words in [
        "wait --order D1 --total 1.00",
        "pay --order D1 --total 1.00",
        "refund --order D1 --closed",
        "finish --order D1",
        "close --order D2 --total 1.00",
        "pay --order D3 --total 1.00 --finished",
        "pay --order D4 --total 1.00",
        "close --order D4 --after-payment",
    ] {
        let output = folder.run(&server.url, words).await;
        assert_eq!(output.status.code(), Some(0), "{words}: {output:?}");
    }
    let received = server.received();
    let statuses: Vec<_> = received.iter().map(|form| text(form, "trade_status")).collect();
    assert_eq!(
        statuses,
        [
            "WAIT_BUYER_PAY",
            "TRADE_SUCCESS",
            "TRADE_SUCCESS",
            "TRADE_FINISHED",
            "TRADE_CLOSED",
            "TRADE_FINISHED",
            "TRADE_SUCCESS",
            "TRADE_CLOSED"
        ]
    );
}

#[tokio::test]
async fn exit_codes() {
    let folder = Folder::new();
    let refusing = NotifyServer::start(|_, number| match number {
        0 | 1 => (400, "fail"),
        _ => (200, "success"),
    })
    .await;
    let pay = "pay --order E1 --total 1.00";
    let output = folder.run(&refusing.url, pay).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("status=400 answer=\"fail\""));
    // Alipay's schedule, compressed: refused once more, then accepted.
    let patient = format!("{pay} --compress 24000 --output json");
    let output = folder.run(&refusing.url, &patient).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(json(&output)["notifications"][0]["attempts"].as_array().unwrap().len(), 2);

    let output = folder.run(&nobody().await, pay).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");

    for wrong in [
        "refund --order never-paid",
        "pay --order E1 --total 2.00",
        "pay --order E1 --total 1.00 --merchant nobody",
        "pay --order E1 --total 1.00 --sign-type RSA2",
        "pay --order E1 --total 1.001",
        "pay --order E0 --total 0.00",
        "pay --order E1",
    ] {
        let output = folder.run(&refusing.url, wrong).await;
        assert_eq!(output.status.code(), Some(2), "{wrong}: {output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{wrong}: {output:?}");
    }
    let without = run(&["pay", "--order", "E1", "--total", "1.00"]).await;
    assert_eq!(without.status.code(), Some(2), "{without:?}");
}

#[tokio::test]
async fn an_unknown_signing_key_is_reported() {
    let folder = Folder::new().with_shop().await;
    let other = folder.path("other");
    run(&["keygen", "--dir", other.to_str().unwrap()]).await;
    let key = other.join("alipay_private.pem");
    let words = format!(
        "pay --merchant shop --order F1 --total 1.00 --alipay-private-key {}",
        key.display()
    );
    let output = folder.run(&nobody().await, &words).await;
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("does --alipay-private-key belong to"), "{message}");
}

#[tokio::test]
async fn keys_are_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    assert_eq!(run(&["keygen", "--dir", dir]).await.status.code(), Some(0));
    let private = folder.path().join("alipay_private.pem");
    let before = fs::read(&private).unwrap();
    assert_eq!(run(&["keygen", "--dir", dir]).await.status.code(), Some(2));
    assert_eq!(fs::read(&private).unwrap(), before);
    assert!(is_private(&private));
}

#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> bool {
    true
}

#[tokio::test]
async fn two_programs_keep_each_others_trades() {
    let folder = Folder::new();
    let server = friendly().await;
    let verbs: Vec<String> =
        (0..8).map(|number| format!("pay --order G{number} --total 1.00")).collect();
    let all = verbs.iter().map(|verb| folder.run(&server.url, verb));
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    let kept = fs::read(folder.path("simulator-trades.json")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["merchants"]["old"].as_object().unwrap().len(), 8);
}

#[tokio::test]
async fn a_storm_writes_a_ledger() {
    let folder = Folder::new();
    let server = friendly().await;
    let ledger = folder.path("ledger.jsonl");
    let words = format!(
        "storm --prefix H --count 20 --rate 0 --mix pay+refund --duplicate 50 --ledger {} \
         --output json",
        ledger.display()
    );
    let output = folder.run(&server.url, &words).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // Payment, refund and batch of each order.
    assert_eq!(json(&output)["notifications"], 60);
    let lines = fs::read_to_string(&ledger).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    for name in ["order", "notify_id", "kind", "sent_at", "attempts", "answered_success_at"] {
        assert!(first.get(name).is_some_and(|value| !value.is_null()), "{name}: {first}");
    }
    assert!(lines.contains("\"H000020\""));

    let unreachable = "storm --prefix I --count 2 --rate 0 --give-up-after 0";
    let output = folder.run(&nobody().await, unreachable).await;
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let orders = folder.path("orders.txt");
    fs::write(&orders, "X-1\nX-2\n").unwrap();
    let output =
        folder.run(&server.url, &format!("storm --orders-from {}", orders.display())).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(server.received().last().unwrap(), "out_trade_no").get(..2), Some("X-"));
}

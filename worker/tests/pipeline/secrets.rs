//! What is never logged, however much is asked for.

use alipay::{Md5Key, Signer};
use simulator::{Sender, Trade};
use testkit::{Pipeline, Sandbox};

use crate::world::{CONFIG, PATIENCE, TOTAL};

const PASSWORD: &str = "correct0horse0battery0staple";
const MD5_KEY: &str = "only0for0tests";

#[tokio::test(flavor = "multi_thread")]
async fn no_password_and_no_key_is_in_a_log_of_everything() {
    let sandbox = Sandbox::with_password(PASSWORD);
    let folder = tempfile::tempdir().expect("a folder");
    let mut environment = sandbox.environment();
    environment.push(("RUST_LOG", "trace,lapin=trace,mysql_async=trace,rustls=trace,hyper=trace"));
    let pipeline = Pipeline::new(folder.path(), CONFIG, &environment).expect("a configuration");
    let quiet = Pipeline::new(folder.path(), CONFIG, &sandbox.environment()).expect("the same");
    quiet.prepare(&["C1".to_owned(), "C2".to_owned()]).expect("a shop");
    quiet.order("S1", "shop", "CODE").expect("an order");
    let (ingress, address) = pipeline.start_ingress().expect("an ingress");
    let (worker, _) = pipeline.start("worker");
    let shop = simulator::Merchant::mapi("2088000000000001");
    let now = chrono::Utc::now();
    let pays = Trade::open(&shop, "S1", TOTAL, now).pay(now).expect("a payment");
    let signed = pays.sign(&Signer::Md5(Md5Key::new(MD5_KEY))).expect("a signature");
    let to = format!("http://{address}/alipay/shop/notify").parse().expect("a URI");
    let sender = Sender::new(PATIENCE);
    assert!(sender.post(&to, signed.body().into()).await.is_success());
    let delivered = quiet.wait_for_order("S1", PATIENCE, |order| order["is_send_goods"] == true);
    delivered.expect("ops order show").expect("delivered");
    let status = testkit::run_program(
        "ops",
        &["--config", &pipeline.config().display().to_string(), "status"],
        &environment,
    );
    let ops = String::from_utf8_lossy(&status.stderr).into_owned();
    for (program, log) in [("ingress", ingress.stderr()), ("worker", worker.stderr()), ("ops", ops)]
    {
        assert!(log.contains(" DEBUG ") || log.contains(" TRACE "), "{program} logs little: {log}");
        // A frame is shown as text, as bytes or as numbers.
        let numbers: Vec<String> = PASSWORD.bytes().take(8).map(|byte| byte.to_string()).collect();
        for secret in [PASSWORD, MD5_KEY, &numbers.join(", "), "buyer@example.com"] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{program} logs {secret}");
        }
    }
}

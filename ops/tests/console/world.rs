//! A sandbox with a schema, queues, a shop, and a console.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use alipay::{Charset, Form, Md5Key, Rule, Signer};
use chrono::{TimeDelta, Utc};
use queue::topology::DEAD_QUEUE;
use queue::{Cluster, Envelope, Headers, Message, MessageKind, Publisher, PublisherSettings};
use testkit::clock::{beijing, minutes_ago};
use testkit::{Program, Sandbox};
use tokio_util::sync::CancellationToken;

use crate::browser::Browser;

/// Nothing listens here.
pub(crate) const NOBODY: (&str, &str) =
    ("mysql://root:secret@127.0.0.1:1/nothing", "amqp://guest:secret@127.0.0.1:1/%2f");

/// The key of the merchant `shop`.
const KEY: &str = "a-key-nobody-should-see";

const MERCHANT: [(&str, &str); 7] = [
    ("ALIPAY__MERCHANTS__SHOP__PROTOCOL", "mapi"),
    ("ALIPAY__MERCHANTS__SHOP__SELLER_ID", "2088000000000001"),
    ("ALIPAY__MERCHANTS__SHOP__SIGN_TYPES", "MD5"),
    ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", KEY),
    ("ALIPAY__WORKER__QUERIES", "false"),
    ("ALIPAY__WORKER__ADMIN_LISTEN", "127.0.0.1:0"),
    ("RUST_LOG", "info"),
];

pub(crate) struct World {
    pub(crate) browser: Browser,
    pub(crate) sandbox: Sandbox,
    _console: Program,
}

impl World {
    /// With both servers, a product `gift` and three codes of it.
    pub(crate) fn new() -> World {
        let sandbox = Sandbox::new();
        for verb in
            ["migrate", "topology apply", "product add gift --name Gift --kind stock --price 10"]
        {
            ops(&sandbox, &verb.split(' ').collect::<Vec<_>>(), "");
        }
        ops(&sandbox, &["stock", "import", "gift", "--file", "-"], "CODE-1\nCODE-2\nCODE-3\n");
        let urls = (sandbox.database_url.clone(), sandbox.amqp_url.clone());
        World::with_console(sandbox, (&urls.0, &urls.1))
    }

    /// A console for these servers.
    pub(crate) fn with_console(sandbox: Sandbox, (database, broker): (&str, &str)) -> World {
        let mut environment = vec![("DATABASE_URL", database), ("AMQP_URL", broker)];
        environment.extend(MERCHANT);
        let arguments = ["console", "--listen", "127.0.0.1:0"];
        let mut console = Program::start("ops", &arguments, &environment);
        let ready = "console ready url=http://";
        let line = console.wait_for_line(ready, Duration::from_secs(30));
        let (_, address) = line.split_once(ready).unwrap();
        let address = address.trim_end_matches('/').parse().unwrap();
        World { browser: Browser { address }, sandbox, _console: console }
    }

    pub(crate) fn ops(&self, arguments: &[&str]) -> String {
        ops(&self.sandbox, arguments, "")
    }

    pub(crate) fn order(&self, id: &str) {
        self.ops(&["order", "create", id, "--merchant", "shop", "--product", "gift"]);
    }

    /// A worker, running until it is dropped.
    pub(crate) fn worker(&self) -> Program {
        let mut environment = self.sandbox.environment();
        environment.extend(MERCHANT);
        let mut worker = Program::start("worker", &[], &environment);
        worker.wait_for_line("worker ready", Duration::from_secs(30));
        worker
    }

    pub(crate) fn publish(&self, messages: Vec<Message>) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let cancel = CancellationToken::new();
            let settings = PublisherSettings {
                cluster: Cluster::at(&self.sandbox.amqp_url).unwrap(),
                name: "test".to_owned(),
                lanes: 1,
                lane_capacity: 512,
                confirm_timeout: Duration::from_secs(20),
            };
            let (publisher, publishing) = Publisher::start(settings, cancel.clone());
            publisher.ready().await;
            for result in publisher.publish_all(messages).await {
                result.unwrap();
            }
            cancel.cancel();
            publishing.await.unwrap();
        });
    }

    /// Loads a page until it holds the text.
    #[track_caller]
    pub(crate) fn wait_for(&self, path: &str, text: &str) {
        let began = std::time::Instant::now();
        while !self.browser.get(path).body.contains(text) {
            assert!(began.elapsed() < Duration::from_secs(30), "{path} never held {text:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Runs a verb, which must end with 0, and returns its stdout.
fn ops(sandbox: &Sandbox, arguments: &[&str], stdin: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ops"))
        .args(arguments)
        .env_remove("ALIPAY_CONFIG")
        .envs(MERCHANT)
        .envs(sandbox.environment())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// A signed notification of the merchant `shop`.
pub(crate) fn notification(order: &str, trade_no: &str, status: &str, total: &str) -> Message {
    let paid_at = beijing(minutes_ago(5));
    let mut form = Form::from_pairs([
        ("out_trade_no", order),
        ("trade_no", trade_no),
        ("trade_status", status),
        ("total_fee", total),
        ("seller_id", "2088000000000001"),
        ("buyer_open_id", "074a1CcTG1LelxKe4xQC0z"),
        ("gmt_payment", paid_at.as_str()),
        ("subject", "<b>礼品</b>"),
        ("sign_type", "MD5"),
    ]);
    Signer::Md5(Md5Key::new(KEY)).sign_form(&mut form, Rule::DropEmpty).unwrap();
    let id = queue::message_id("shop", MessageKind::TradeStatus, &form);
    let envelope =
        Envelope::new("shop", MessageKind::TradeStatus, Charset::Utf8, Utc::now(), form.encode());
    Message::notify(&envelope, id, None)
}

/// The same, dead.
pub(crate) fn dead(message: Message, order: &str, reason: &str, error: &str) -> Message {
    let headers = Headers {
        attempt: 5,
        reason: Some(reason.to_owned()),
        error: Some(error.to_owned()),
        died_at: Some(Utc::now()),
        order: Some(order.to_owned()),
        merchant: Some("shop".to_owned()),
        ..Headers::first(Utc::now() - TimeDelta::hours(1), None)
    };
    Message { exchange: String::new(), routing_key: DEAD_QUEUE.to_owned(), headers, ..message }
}

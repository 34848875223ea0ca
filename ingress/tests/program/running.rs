//! The ingress as a child process, configured by its environment.

use std::net::SocketAddr;
use std::process::ExitStatus;

use testkit::{Program, Sandbox, until_async};

use crate::client::{self, Answer};
use crate::notification::{ALIPAY_PUBLIC_KEY, APP_ID, MD5_KEY, RSA_SELLER, SHOP_SELLER};

/// A vhost of the test's own.
pub(crate) async fn sandbox() -> Sandbox {
    // It talks to the broker's management with blocking calls.
    tokio::task::spawn_blocking(Sandbox::broker_only).await.unwrap()
}

/// A running ingress with three merchants: `shop` (legacy, MD5), `rsa` (legacy, RSA, configured charset
/// GBK) and `app` (Open Platform, RSA2).
pub(crate) struct Ingress {
    program: Program,
    pub(crate) public: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Ingress {
    pub(crate) async fn start(amqp_url: &str) -> Ingress {
        Ingress::start_with(amqp_url, &[]).await
    }

    /// Starts it with further environment variables, and waits until it says that it is ready.
    pub(crate) async fn start_with(amqp_url: &str, more: &[(&str, &str)]) -> Ingress {
        let mut variables = vec![
            ("ALIPAY__AMQP__URL", amqp_url),
            ("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0"),
            ("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0"),
        ];
        variables.extend(shop());
        variables.extend(rsa());
        variables.extend(app());
        variables.extend_from_slice(more);
        Ingress::run(&variables).await
    }

    /// Starts it with these environment variables only.
    pub(crate) async fn run(variables: &[(&str, &str)]) -> Ingress {
        let mut program = Program::start("ingress", &[], variables);
        let line = program.wait_until_ready();
        let [public, admin] = ["listen", "admin"].map(|name| line.value(name).parse().unwrap());
        Ingress { program, public, admin }
    }

    /// POSTs a form to a path on a connection of its own.
    pub(crate) async fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        client::ask(self.public, client::post(path, body)).await
    }

    /// How many answers had this outcome and reason, of all merchants.
    pub(crate) async fn answers(&self, outcome: &str, reason: &str) -> u64 {
        self.counted("alipay_ingress_requests_total", outcome, reason).await
    }

    /// How many return pages had this outcome and reason, of all merchants.
    pub(crate) async fn returns(&self, outcome: &str, reason: &str) -> u64 {
        self.counted("alipay_ingress_returns_total", outcome, reason).await
    }

    async fn counted(&self, counter: &str, outcome: &str, reason: &str) -> u64 {
        let wanted = format!("outcome=\"{outcome}\",reason=\"{reason}\"}} ");
        let counter = format!("{counter}{{");
        let metrics = client::get(self.admin, "/metrics").await.body;
        let counts = metrics
            .lines()
            .filter(|line| line.starts_with(&counter))
            .filter_map(|line| line.split_once(&wanted).map(|(_, count)| count));
        counts.map(|count| count.parse::<u64>().unwrap()).sum()
    }

    /// Waits until `/readyz` answers with this status and a text that ends so.
    pub(crate) async fn until_ready_says(&self, status: u16, ending: &str) {
        until_async(&format!("/readyz {status} {ending}"), async || {
            let answer = client::get(self.admin, "/readyz").await;
            answer.status == status && answer.body.ends_with(ending)
        })
        .await;
    }

    /// What it has logged until now.
    pub(crate) fn log(&self) -> String {
        self.program.stderr()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.program.id()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&mut self) {
        self.program.terminate();
    }

    /// Waits for the end of the process, and returns what it wrote to stderr, too.
    pub(crate) async fn wait(mut self) -> (ExitStatus, String) {
        let waiting = move || {
            let status = self.program.wait();
            (status, self.program.stderr())
        };
        tokio::task::spawn_blocking(waiting).await.unwrap()
    }
}

/// Merchant `shop`.
pub(crate) fn shop() -> [(&'static str, &'static str); 4] {
    [
        ("ALIPAY__MERCHANTS__SHOP__PROTOCOL", "mapi"),
        ("ALIPAY__MERCHANTS__SHOP__SELLER_ID", SHOP_SELLER),
        ("ALIPAY__MERCHANTS__SHOP__SIGN_TYPES", "MD5"),
        ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", MD5_KEY),
    ]
}

fn rsa() -> [(&'static str, &'static str); 5] {
    [
        ("ALIPAY__MERCHANTS__RSA__PROTOCOL", "mapi"),
        ("ALIPAY__MERCHANTS__RSA__SELLER_ID", RSA_SELLER),
        ("ALIPAY__MERCHANTS__RSA__SIGN_TYPES", "RSA"),
        ("ALIPAY__MERCHANTS__RSA__ALIPAY_PUBLIC_KEYS", ALIPAY_PUBLIC_KEY),
        ("ALIPAY__MERCHANTS__RSA__CHARSET", "gbk"),
    ]
}

fn app() -> [(&'static str, &'static str); 4] {
    [
        ("ALIPAY__MERCHANTS__APP__PROTOCOL", "openapi"),
        ("ALIPAY__MERCHANTS__APP__APP_ID", APP_ID),
        ("ALIPAY__MERCHANTS__APP__SIGN_TYPES", "RSA2"),
        ("ALIPAY__MERCHANTS__APP__ALIPAY_PUBLIC_KEYS", ALIPAY_PUBLIC_KEY),
    ]
}

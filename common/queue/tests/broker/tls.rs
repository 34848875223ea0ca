//! `amqps://` to a real broker: right and wrong certificates, on both sides.

use std::fs;
use std::sync::Arc;

use config::{Amqp, Config};
use queue::{Cluster, Connection, ConnectionError, ConnectionSettings, HostProblem};
use testkit::{Certificates, Folder, KeyPairFiles, RabbitMq, RabbitMqOptions, ServerTls};

use crate::relay::Relay;

const PASSWORD: &str = "guest:guest";

struct Scene {
    folder: Arc<Folder>,
    made: Certificates,
    broker: RabbitMq,
}

impl Scene {
    /// A broker with a certificate for localhost, 127.0.0.1 and ::1.
    async fn new(client_certificate: bool) -> Scene {
        tokio::task::spawn_blocking(move || {
            let folder = Arc::new(Folder::create().unwrap());
            let made = Certificates::create(folder.path()).unwrap();
            let tls =
                ServerTls { server: made.server.clone(), ca: made.ca.clone(), client_certificate };
            let options = RabbitMqOptions { tls: Some(tls), ..RabbitMqOptions::default() };
            let broker = RabbitMq::start_with(&folder, &options).unwrap();
            Scene { folder, made, broker }
        })
        .await
        .unwrap()
    }

    /// The section `[amqp]` as a file would say it.
    fn amqp(&self, url: &str, ca: Option<&std::path::Path>, client: Option<&KeyPairFiles>) -> Amqp {
        let mut text = format!("[amqp]\nurl = \"{url}\"\n");
        if let Some(ca) = ca {
            text += &format!("ca_file = {ca:?}\n");
        }
        if let Some(KeyPairFiles { certificate, key }) = client {
            text += &format!("client_cert_file = {certificate:?}\nclient_key_file = {key:?}\n");
        }
        let file = self.folder.path().join("alipay.toml");
        fs::write(&file, text).unwrap();
        Config::load_from(Some(&file), []).unwrap().amqp
    }

    async fn works(&self, url: &str, client: Option<&KeyPairFiles>) {
        let cluster = Cluster::configured(&self.amqp(url, Some(&self.made.ca), client)).unwrap();
        let connection = open(&cluster).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        connection.create_channel().await.unwrap();
        connection.close().await;
    }

    /// The connection must fail, for this reason, and say where.
    #[track_caller]
    fn must_fail(&self, outcome: Result<Connection, ConnectionError>, words: [&str; 2]) {
        let error = outcome.expect_err("refused");
        let text = format!("{error} {error:?}");
        for word in words {
            assert!(text.contains(word), "{text:?} does not say {word:?}");
        }
        assert!(!text.contains(PASSWORD), "{text}");
        let ConnectionError::NoHost(hosts) = &error else { panic!("{text}") };
        assert!(matches!(hosts[0].problem, HostProblem::Tls(_)), "{text}");
    }

    async fn fails(
        &self,
        url: &str,
        ca: Option<&std::path::Path>,
        client: Option<&KeyPairFiles>,
        words: [&str; 2],
    ) {
        let outcome = match Cluster::configured(&self.amqp(url, ca, client)) {
            Ok(cluster) => open(&cluster).await,
            Err(error) => Err(error),
        };
        self.must_fail(outcome, words);
    }

    /// Starts the broker again with this certificate.
    async fn present(mut self, files: &KeyPairFiles) -> Scene {
        fs::copy(&files.certificate, &self.made.server.certificate).unwrap();
        fs::copy(&files.key, &self.made.server.key).unwrap();
        tokio::task::spawn_blocking(move || {
            self.broker.kill();
            self.broker.start_again().unwrap();
            self
        })
        .await
        .unwrap()
    }
}

async fn open(cluster: &Cluster) -> Result<Connection, ConnectionError> {
    Connection::open(&ConnectionSettings::new(cluster, "test")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn own_broker_the_certificate_of_the_broker_is_verified() {
    let scene = Scene::new(false).await;
    let port = scene.broker.tls_port().to_string();
    for host in ["localhost", "127.0.0.1"] {
        scene.works(&scene.broker.tls_url(host), None).await;
    }
    // A line to ::1, as far as this machine has one.
    if let Some(relay) = Relay::on_ipv6(("127.0.0.1", scene.broker.tls_port())).await {
        scene.works(&format!("amqps://guest:guest@[::1]:{}/%2f", relay.port()), None).await;
    }

    let made = scene.made.clone();
    let url = scene.broker.tls_url("localhost");
    scene.fails(&url, Some(&made.other_ca), None, [&port, "amqp.ca_file"]).await;
    let plain = scene.broker.port();
    let to_plain = format!("amqps://guest:guest@localhost:{plain}/%2f");
    let words = [&format!("localhost:{plain}"), "does not speak TLS"];
    scene.fails(&to_plain, Some(&made.ca), None, words).await;
    let from_plain = url.replace("amqps://", "amqp://");
    scene.fails(&from_plain, None, None, ["speaks TLS", "write amqps://"]).await;

    let scene = scene.present(&made.wrong_name).await;
    scene.fails(&url, Some(&made.ca), None, ["wrong.example", "amqp.url"]).await;
    let scene = scene.present(&made.ended).await;
    scene.fails(&url, Some(&made.ca), None, [&port, "has expired: renew it"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_broker_a_client_certificate_is_shown_where_the_broker_wants_one() {
    let scene = Scene::new(true).await;
    let made = scene.made.clone();
    let url = scene.broker.tls_url("localhost");
    scene.works(&url, Some(&made.client)).await;
    let port = scene.broker.tls_port().to_string();
    scene.fails(&url, Some(&made.ca), None, [&port, "amqp.client_cert_file"]).await;
    let stranger = Some(&made.other_client);
    scene.fails(&url, Some(&made.ca), stranger, [&port, "ssl_options.cacertfile"]).await;

    // Contradictions are found before anything is asked.
    for (url, ca, client, key) in [
        ("amqp://broker", Some(made.ca.as_path()), None, "amqp.ca_file"),
        ("amqp://broker", None, Some(&made.client), "amqp.client_cert_file"),
    ] {
        let error = Cluster::configured(&scene.amqp(url, ca, client)).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{key}: ")), "{error}");
    }
    let mixed = KeyPairFiles { key: made.server.key.clone(), ..made.client.clone() };
    let mixed = scene.amqp("amqps://broker", Some(&made.ca), Some(&mixed));
    let error = Cluster::configured(&mixed).unwrap_err().to_string();
    assert!(error.starts_with("amqp.client_key_file: is not the key of"), "{error}");
}

//! What is said of a broker that refuses, and of what is no broker: where, as whom, who said so, and what to do.

use config::Amqp;
use queue::{Cluster, Connection, ConnectionSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::client::Client;

const PASSWORD: &str = "sesame-4711";

async fn says(url: &str, words: &[&str]) {
    let source = "environment variable AMQP_URL".to_owned();
    let cluster = Cluster::configured(&Amqp { source, ..Amqp::at(url) }).unwrap();
    let refused = Connection::open(&ConnectionSettings::new(&cluster, "test")).await;
    let text = refused.map(drop).unwrap_err().to_string();
    for word in words.iter().chain(&["127.0.0.1:", "(environment variable AMQP_URL)"]) {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
    assert!(!text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn account_and_virtual_host_are_named_with_what_to_do() {
    let client = Client::empty().await;
    let url = url::Url::parse(&client.url).unwrap();
    let at = |user: &str, vhost: &str| {
        format!("amqp://{user}@127.0.0.1:{}/{vhost}", url.port().unwrap())
    };
    let own = url.path().trim_start_matches('/');
    let wrong = format!("shop:{PASSWORD}");
    says(&at(&wrong, own), &["as \"shop\"", "ACCESS_REFUSED", "%40"]).await;
    let guest = format!("guest:{PASSWORD}");
    says(&at(&guest, own), &["as \"guest\"", "only from its own machine"]).await;
    says(&at("guest:guest", "nowhere"), &["\"nowhere\"", "rabbitmqctl list_vhosts"]).await;
    says(&at("guest:guest", ""), &["without a name", "/%2F"]).await;
}

/// A server that says this, once it was spoken to or at once.
async fn server(greets: bool, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://shop:{PASSWORD}@{}/v", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut header = [0; 8];
            if !greets {
                let _ = stream.read_exact(&mut header).await;
            }
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

#[tokio::test]
async fn what_is_no_broker_is_named() {
    let http = server(false, b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
    says(&http, &["HTTP", "15672", "5672"]).await;
    let database = server(true, b"\x5a\x00\x00\x00\x0a5.5.5-10.11.4-MariaDB\x00").await;
    says(&database, &["MySQL or MariaDB"]).await;
    says(&server(true, b"SSH-2.0-OpenSSH_9.2\r\n").await, &["SSH"]).await;
    says(&server(false, b"AMQP\x03\x01\x00\x00").await, &["another version of AMQP"]).await;
    let closed = format!("amqp://shop:{PASSWORD}@127.0.0.1:1/v");
    says(&closed, &["nothing accepts connections there"]).await;
}

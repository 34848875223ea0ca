//! Notify URLs with `https`, whose certificate must be verified.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use simulator::{AttemptFailure, Authority, Sender, Trust, ValidTime};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A merchant behind TLS on `localhost`; says its port and what it was sent.
async fn merchant(authority: &Authority) -> (u16, UnboundedReceiver<Bytes>) {
    let issued = authority.server("localhost", ValidTime::days(1, Utc::now())).unwrap();
    let chain = CertificateDer::pem_slice_iter(issued.bundle_pem.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.private_pem.as_bytes()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[expect(clippy::disallowed_methods, reason = "a test reads all of it")]
    let (heard, received) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let heard = heard.clone();
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let heard = heard.clone();
                async move {
                    heard.send(request.into_body().collect().await?.to_bytes()).unwrap();
                    Ok::<_, hyper::Error>(Response::new(Full::<Bytes>::from("success")))
                }
            });
            tokio::spawn(async move {
                let connection = hyper::server::conn::http1::Builder::new();
                // A client that goes away is no error of the test.
                let _ = connection.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (port, received)
}

#[tokio::test]
async fn notifications_go_only_to_a_trusted_server() {
    let authority = Authority::new(Utc::now()).unwrap();
    let (port, mut received) = merchant(&authority).await;
    let own = Trust::only(&authority.roots_pem()).unwrap();
    let time = Duration::from_secs(20);
    let post = async |sender: Sender, host: &str| {
        let to = format!("https://{host}:{port}/alipay/shop/notify").parse().unwrap();
        sender.post(&to, "a=b".into()).await
    };
    // The public CAs do not know it, and the certificate does not name its address.
    for (sender, host) in
        [(Sender::new(time), "localhost"), (Sender::trusting(time, &own), "127.0.0.1")]
    {
        let refused = post(sender, host).await;
        assert_eq!(refused.failure, Some(AttemptFailure::TlsFailed), "{refused:?}");
        let reason = refused.reason.unwrap();
        assert!(reason.starts_with(&format!("{host}:{port}: TLS failed (")), "{reason}");
    }
    assert!(received.try_recv().is_err(), "nobody was told");
    let told = post(Sender::trusting(time, &own), "localhost").await;
    assert!(told.is_success(), "{told:?}");
    assert_eq!(received.recv().await.unwrap(), "a=b");
}

#[test]
fn ca_files_without_a_certificate_are_refused() {
    for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        Trust::only(text).unwrap_err();
    }
}

//! Certificates that no authority vouches for.

use std::sync::Arc;
use std::time::Duration;

use alipay::TradeRef;
use gateway::{Gateway, GatewayError};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::merchant::openapi;

const CERTIFICATE: &[u8] = include_bytes!("../fixtures/untrusted-certificate.pem");
const KEY: &[u8] = include_bytes!("../fixtures/untrusted-private.pem");

#[tokio::test]
async fn an_untrusted_certificate_is_refused_before_a_byte_is_sent() {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[expect(clippy::disallowed_methods, reason = "a test reads all of it")]
    let (sender, mut requests) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            if stream.read_u8().await.is_ok() {
                sender.send(()).unwrap();
            }
        }
    });
    let gateway = Gateway::new(Duration::from_secs(20));
    for host in ["localhost", "127.0.0.1"] {
        let merchant = openapi(&format!("https://{host}:{port}/gateway.do"));
        let error = gateway.query(&merchant, TradeRef::OutTradeNo("A-1")).await.unwrap_err();
        assert!(matches!(error, GatewayError::Connect { .. }), "{error:?}");
        assert!(
            error.to_string().contains("TLS failed") && error.to_string().contains("UnknownIssuer"),
            "{error}"
        );
    }
    assert!(requests.try_recv().is_err(), "the request holds what nobody else may read");
}

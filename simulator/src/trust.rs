//! Whose certificate a notify URL with `https` may have.

use std::sync::Arc;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The authorities that vouch for servers: the public ones, as for Alipay, which refuses certificates
/// that a server has signed itself (docs/protocol.md §7); or those of a file, for an installation that the
/// internet does not see.
#[derive(Debug, Clone, Default)]
pub struct Trust(Option<Arc<ClientConfig>>);

/// A file that names no authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no certificate of an authority: {reason}")]
pub struct TrustError {
    reason: String,
}

impl Trust {
    /// Trusts the authorities of a PEM text and no others.
    ///
    /// # Errors
    /// [`TrustError`] when there are none, or they cannot be read.
    pub fn only(pem: &str) -> Result<Trust, TrustError> {
        let failed = |error: &dyn std::fmt::Display| TrustError { reason: error.to_string() };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| failed(&error))?;
            roots.add(certificate).map_err(|error| failed(&error))?;
        }
        if roots.is_empty() {
            return Err(failed(&"there is no PEM block in it"));
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Trust(Some(Arc::new(config))))
    }

    /// Connects with and without TLS, as the address says.
    pub(crate) fn connector(&self, mut http: HttpConnector) -> HttpsConnector<HttpConnector> {
        http.enforce_http(false);
        let builder = HttpsConnectorBuilder::new();
        match &self.0 {
            Some(config) => builder.with_tls_config(ClientConfig::clone(config)),
            None => builder.with_webpki_roots(),
        }
        .https_or_http()
        .enable_http1()
        .wrap_connector(http)
    }
}

//! Certificates and keys for TLS to a server of ours, from PEM files.

use std::fmt;

use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::ConfigError;
use crate::field::LineText;
use crate::layers::{self, Layers};
use crate::secret::{self, Secret};
use crate::stray::SecretForm;

/// The certificate by which this program shows who it is, and its key.
#[derive(PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, then those between it and the authority's.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its private key.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for ClientCertificate {
    fn clone(&self) -> ClientCertificate {
        ClientCertificate { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// Without the key.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[client certificate]")
    }
}

/// Without a byte order mark, which hides the first BEGIN line from the reader.
fn pem(text: &Secret) -> &[u8] {
    let text = text.expose_secret();
    text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes()
}

/// The certificates in the file that `path` names, at least one; `None` when the key is not set.
pub(super) fn certificates(
    layers: &Layers,
    path: &str,
    file: Option<&LineText>,
) -> Result<Option<Vec<CertificateDer<'static>>>, ConfigError> {
    let Some(file) = file else { return Ok(None) };
    let text = secret::read_file(layers, path, file, SecretForm::Pem)?;
    let unusable = |why: String| {
        let file = layers.resolve(file);
        layers.invalid(path, format!("file {}: {why}", file.display()))
    };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem(&text))
        .collect::<Result<_, PemError>>()
        .map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable("holds no certificate (-----BEGIN CERTIFICATE-----)".to_owned()));
    }
    Ok(Some(certificates))
}

/// The certificate and the key that the two files hold: both or none.
pub(super) fn client(
    layers: &Layers,
    (certificate_path, certificate): (&str, Option<&LineText>),
    (key_path, key): (&str, Option<&LineText>),
) -> Result<Option<ClientCertificate>, ConfigError> {
    let chain = certificates(layers, certificate_path, certificate)?;
    let key = match key {
        Some(file) => {
            let text = secret::read_file(layers, key_path, file, SecretForm::Pem)?;
            let key = PrivateKeyDer::from_pem_slice(pem(&text));
            Some(key.map_err(|_| {
                let file = layers.resolve(file);
                let why =
                    "holds no private key that is not encrypted (-----BEGIN PRIVATE KEY-----)";
                layers.invalid(key_path, format!("file {}: {why}", file.display()))
            })?)
        }
        None => None,
    };
    match (chain, key) {
        (Some(chain), Some(key)) => Ok(Some(ClientCertificate { chain, key })),
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(layers::missing(key_path, format!("required beside {certificate_path}")))
        }
        (None, Some(_)) => {
            Err(layers::missing(certificate_path, format!("required beside {key_path}")))
        }
    }
}

//! Certificates of certificate mode: whose key it is, and until when.
//!
//! See docs/protocol.md §11.4. Both sides have one: the application's goes along with requests as its
//! number, and in Alipay's is the key that verifies what Alipay signs.

mod error;
mod number;
mod roots;
mod state;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rsa::pkcs1;
use rsa::pkcs8::der::{Decode, pem};

pub use error::CertificateError;
pub use roots::RootCertificates;
pub use state::CertificateState;

use crate::{KeyError, PublicKey, key_text};

/// A certificate with an RSA key, together with the certificates that follow it in its file: those
/// of its issuers.
#[derive(Clone)]
pub struct Certificate(Arc<ParsedCertificate>);

struct ParsedCertificate {
    /// DER; the certificate itself comes first.
    chain: Vec<Vec<u8>>,
    sn: String,
    subject: String,
    issuer: String,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    /// Without the certificate that it is in.
    key: PublicKey,
}

impl Certificate {
    /// Reads a certificate, PEM or bare base64. Of a bundle the first counts, and the others vouch
    /// for it.
    ///
    /// Validity period and issuer are not checked here.
    ///
    /// # Errors
    /// [`KeyError`]: no certificate, a key that is not RSA or too short, a block of the bundle that
    /// is no certificate, more than sixteen of them.
    pub fn read(text: &str) -> Result<Certificate, KeyError> {
        Certificate::from_chain(key_text::certificates_der(text)?)
    }

    /// Reads DER: the certificate, and those that vouch for it.
    fn from_chain(chain: Vec<Vec<u8>>) -> Result<Certificate, KeyError> {
        let unusable = |reason: String| KeyError::Unusable { reason };
        let mut parsed = chain.iter().map(|der| {
            x509_cert::Certificate::from_der(der)
                .map_err(|_| KeyError::Unknown { expected: "certificate" })
        });
        let first = parsed.next().ok_or(KeyError::Empty)??;
        // The others are only parsed to refuse a broken file when it is read and not at night.
        parsed.try_for_each(|issuer| issuer.map(drop))?;
        let body = first.tbs_certificate();
        let spki = body.subject_public_key_info();
        if spki.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(KeyError::NotRsa { algorithm: spki.algorithm.oid.to_string() });
        }
        let key = PublicKey::from_pkcs1(spki.subject_public_key.raw_bytes())?;
        let time = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
            seconds
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
                .ok_or_else(|| unusable("the certificate's time cannot be read".to_owned()))
        };
        Ok(Certificate(Arc::new(ParsedCertificate {
            sn: number::of(&first),
            subject: body.subject().to_string(),
            issuer: body.issuer().to_string(),
            not_before: time(body.validity().not_before)?,
            not_after: time(body.validity().not_after)?,
            key,
            chain,
        })))
    }

    /// The number by which Alipay names the certificate, `alipay_cert_sn` and `app_cert_sn`: 32
    /// lower-case hex digits, the MD5 of issuer and serial number. Not the serial number alone.
    pub fn sn(&self) -> &str {
        &self.0.sn
    }

    /// Whose certificate it is, the most specific attribute first: `CN=...,OU=...,O=...,C=CN`.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Who issued it, written as the subject is.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The first second at which it is valid.
    pub fn not_before(&self) -> DateTime<Utc> {
        self.0.not_before
    }

    /// The last second at which it is valid.
    pub fn not_after(&self) -> DateTime<Utc> {
        self.0.not_after
    }

    /// The key inside. It verifies only while the certificate is valid.
    pub fn public_key(&self) -> PublicKey {
        self.0.key.clone().in_certificate(self.clone())
    }

    /// An error unless the certificate is valid at a time.
    ///
    /// # Errors
    /// [`CertificateError::Expired`] and [`CertificateError::NotYetValid`].
    pub fn check_time(&self, at: DateTime<Utc>) -> Result<(), CertificateError> {
        let ParsedCertificate { sn, not_before, not_after, .. } = &*self.0;
        let (sn, not_before, not_after) = (sn.clone(), *not_before, *not_after);
        match self.state(at, TimeDelta::zero()) {
            CertificateState::NotYetValid => Err(CertificateError::NotYetValid { sn, not_before }),
            CertificateState::Expired => Err(CertificateError::Expired { sn, not_after }),
            CertificateState::EndsSoon | CertificateState::Valid => Ok(()),
        }
    }

    /// Whether it can be used at a time, and whether it ends `soon` after that.
    pub fn state(&self, at: DateTime<Utc>, soon: TimeDelta) -> CertificateState {
        CertificateState::of(self.not_before(), self.not_after(), at, soon)
    }

    /// The certificate as PEM, followed by those of its issuers: a file that can be read again, and
    /// nothing else that stood in the text it was read from.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] when the library cannot write it.
    pub fn pem(&self) -> Result<String, KeyError> {
        let block = |der: &Vec<u8>| {
            pem::encode_string("CERTIFICATE", pem::LineEnding::LF, der)
                .map_err(|error| KeyError::Unusable { reason: error.to_string() })
        };
        self.chain().iter().map(block).collect()
    }

    fn chain(&self) -> &[Vec<u8>] {
        &self.0.chain
    }
}

/// Two certificates are equal when they are the same bytes, whatever follows them in their files.
impl PartialEq for Certificate {
    fn eq(&self, other: &Certificate) -> bool {
        self.0.chain.first() == other.0.chain.first()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} of {:?}, until {})", self.0.sn, self.0.subject, self.0.not_after)
    }
}

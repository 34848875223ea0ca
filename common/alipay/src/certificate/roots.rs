//! The roots that vouch for Alipay's certificates.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rsa::pkcs8::der::Decode;
use rsa::pkcs8::spki::ObjectIdentifier;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert, aws_lc_rs};
use x509_cert::ext::pkix::BasicConstraints;

use super::{Certificate, CertificateError};
use crate::{KeyError, key_text};

/// `1.2.840.113549.1.1`: under it are all algorithms that sign with RSA.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1");

/// What an issuer may have signed with. Alipay's use the first.
const ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 3] = [
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
    aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
];

/// The roots of Alipay's file `alipayRootCert.crt`.
///
/// Those that are not signed with RSA (there are SM2 and ECDSA ones) vouch for nothing here, as
/// Alipay signs with RSA, and are no part of the number.
#[derive(Clone, PartialEq, Eq)]
pub struct RootCertificates {
    roots: Vec<Certificate>,
}

impl RootCertificates {
    /// Reads the roots: one PEM block after the other.
    ///
    /// # Errors
    /// [`KeyError`]: a block that is no certificate, no root that is signed with RSA, more than
    /// sixteen blocks.
    pub fn read(text: &str) -> Result<RootCertificates, KeyError> {
        let mut roots = Vec::new();
        let mut other = None;
        for der in key_text::certificates_der(text)? {
            let root = x509_cert::Certificate::from_der(&der)
                .map_err(|_| KeyError::Unknown { expected: "certificate" })?;
            let algorithm = root.signature_algorithm().oid;
            if algorithm.parent() != Some(RSA) {
                other = Some(algorithm);
                continue;
            }
            if !is_root(&root) {
                let subject = root.tbs_certificate().subject();
                let reason =
                    format!("{subject} is no root certificate; roots are in alipayRootCert.crt");
                return Err(KeyError::Unusable { reason });
            }
            anchor_from_trusted_cert(&CertificateDer::from_slice(&der)).map_err(|error| {
                KeyError::Unusable { reason: format!("a root certificate: {error}") }
            })?;
            roots.push(Certificate::from_chain(vec![der])?);
        }
        match other {
            Some(algorithm) if roots.is_empty() => {
                Err(KeyError::NotRsa { algorithm: algorithm.to_string() })
            }
            _ => Ok(RootCertificates { roots }),
        }
    }

    /// The number by which Alipay names the roots, `alipay_root_cert_sn`: that of each root that
    /// is signed with RSA, joined by `_`.
    pub fn sn(&self) -> String {
        self.roots.iter().map(Certificate::sn).collect::<Vec<_>>().join("_")
    }

    /// The roots that are signed with RSA, in the order of the file.
    pub fn certificates(&self) -> &[Certificate] {
        &self.roots
    }

    /// An error unless a certificate is issued by one of the roots, itself or through the issuers
    /// in its file, and valid at a time.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn check(
        &self,
        certificate: &Certificate,
        at: DateTime<Utc>,
    ) -> Result<(), CertificateError> {
        certificate.check_time(at)?;
        self.check_path(certificate, at)
    }

    /// An error unless a certificate was issued by one of the roots, whether it is valid today or
    /// not: what a configuration can be checked for at any hour. Its issuers count as of the moment at
    /// which it was issued.
    ///
    /// # Errors
    /// [`CertificateError::UnknownIssuer`] and [`CertificateError::NotIssued`].
    pub fn check_issuer(&self, certificate: &Certificate) -> Result<(), CertificateError> {
        self.check_path(certificate, certificate.not_before())
    }

    fn check_path(
        &self,
        certificate: &Certificate,
        at: DateTime<Utc>,
    ) -> Result<(), CertificateError> {
        let sn = || certificate.sn().to_owned();
        let not_issued = |error: Error| match error {
            Error::UnknownIssuer => CertificateError::UnknownIssuer {
                sn: sn(),
                issuer: certificate.issuer().to_owned(),
            },
            error => CertificateError::NotIssued { sn: sn(), reason: reason(&error) },
        };
        let (leaf, issuers) = certificate.chain().split_first().ok_or_else(|| {
            CertificateError::NotIssued { sn: sn(), reason: "it is empty".to_owned() }
        })?;
        let roots: Vec<CertificateDer<'_>> = self
            .roots
            .iter()
            .flat_map(Certificate::chain)
            .map(|der| CertificateDer::from_slice(der))
            .collect();
        let anchors: Vec<TrustAnchor<'_>> =
            roots.iter().filter_map(|der| anchor_from_trusted_cert(der).ok()).collect();
        let issuers: Vec<CertificateDer<'_>> =
            issuers.iter().map(|der| CertificateDer::from_slice(der)).collect();
        let leaf = CertificateDer::from_slice(leaf);
        let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        // Alipay's name no purpose; one that names another than this is not meant for it.
        let usage = KeyUsage::client_auth();
        EndEntityCert::try_from(&leaf)
            .and_then(|leaf| {
                leaf.verify_for_usage(&ALGORITHMS, &anchors, &issuers, time, usage, None, None)
                    .map(drop)
            })
            .map_err(not_issued)
    }
}

/// Whether a certificate may stand among the roots: it issued itself, or it is an authority's. Others
/// would be trusted as roots, and their numbers sent.
fn is_root(certificate: &x509_cert::Certificate) -> bool {
    let body = certificate.tbs_certificate();
    let authority =
        || matches!(body.get_extension::<BasicConstraints>(), Ok(Some((_, found))) if found.ca);
    body.issuer() == body.subject() || authority()
}

/// What the library's error means for a person who put files together.
fn reason(error: &Error) -> String {
    match error {
        Error::CaUsedAsEndEntity => {
            "it is an authority's; Alipay's own certificate must be the first of its file"
                .to_owned()
        }
        Error::InvalidSignatureForPublicKey => {
            "an issuer of that name is there, and another key has signed: is one file of another \
             environment or application?"
                .to_owned()
        }
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            "the certificate of its issuer was not valid when it was issued".to_owned()
        }
        error => error.to_string(),
    }
}

impl fmt::Debug for RootCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootCertificates({})", self.sn())
    }
}

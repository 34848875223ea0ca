//! Certificates as Alipay's certificate mode has them: a root, an intermediate, and what they issue.
//!
//! (protocol 11.4)

mod files;

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::{Signature, SigningKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use rsa::sha2::Sha256;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::asn1::Ia5String;
use x509_cert::der::{Decode, EncodePem};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

pub use self::files::CertificateFiles;
use crate::{KeyPair, KeysError};

/// A root that is no RSA one, as there are in Alipay's file: the serial number of the roots leaves
/// it out. Nobody has its key.
const ECC_ROOT: &str = include_str!("certificates/ecc_root.pem");

/// An authority that issues certificates: an RSA root and an intermediate, with their keys.
pub struct Authority {
    root: Issuer,
    intermediate: Issuer,
}

/// A certificate with its private key.
pub struct IssuedCertificate {
    /// The private key, PKCS#8 as PEM.
    pub private_pem: String,
    /// The certificate alone, PEM: what the application's file has.
    pub pem: String,
    /// The certificate and the intermediate that issued it, PEM: what Alipay's file has.
    pub bundle_pem: String,
}

struct Issuer {
    name: Name,
    key: SigningKey<Sha256>,
    pem: String,
}

/// How long a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidTime {
    /// The first second.
    pub from: DateTime<Utc>,
    /// The last one.
    pub until: DateTime<Utc>,
}

impl ValidTime {
    /// So many days that began a day ago: clocks differ.
    pub fn days(count: i64, at: DateTime<Utc>) -> ValidTime {
        ValidTime { from: at - TimeDelta::days(1), until: at + TimeDelta::days(count) }
    }

    /// A time that is over since yesterday.
    pub fn expired(at: DateTime<Utc>) -> ValidTime {
        ValidTime { from: at - TimeDelta::days(366), until: at - TimeDelta::days(1) }
    }

    fn validity(self) -> Result<Validity, KeysError> {
        let time = |at: DateTime<Utc>| Time::try_from(std::time::SystemTime::from(at));
        Ok(Validity {
            not_before: time(self.from).map_err(failed)?,
            not_after: time(self.until).map_err(failed)?,
        })
    }
}

impl Authority {
    /// A new authority, valid for ten years before `at` and twenty after it. Certificates of
    /// another one are foreign to whoever trusts this one.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn new(at: DateTime<Utc>) -> Result<Authority, KeysError> {
        let years = |count: i64| TimeDelta::days(366 * count);
        let valid = ValidTime { from: at - years(10), until: at + years(20) };
        let root = {
            let name = authority_name("Simulator Certification Authority R1")?;
            let (_, key) = new_key()?;
            let pem = certificate(Profile::Root, &name, &key, None, valid, &key)?;
            Issuer { name, key, pem }
        };
        let name = authority_name("Simulator Certification Authority Class 2 R1")?;
        let (_, key) = new_key()?;
        let profile = Profile::SubCA { issuer: root.name.clone(), path_len_constraint: Some(0) };
        let pem = certificate(profile, &name, &key, None, valid, &root.key)?;
        Ok(Authority { root, intermediate: Issuer { name, key, pem } })
    }

    /// The roots, PEM: this authority's, and one of another algorithm.
    pub fn roots_pem(&self) -> String {
        format!("{}{ECC_ROOT}", self.root.pem)
    }

    /// A certificate with which Alipay signs.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn alipay(&self, valid: ValidTime) -> Result<IssuedCertificate, KeysError> {
        self.issue("支付宝模拟器-2088000000000000", valid)
    }

    /// A certificate of an application.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn app(&self, app_id: &str, valid: ValidTime) -> Result<IssuedCertificate, KeysError> {
        self.issue(&format!("2088000000000001-{app_id}"), valid)
    }

    /// A certificate of a web server with this name, for a notify URL with `https`.
    ///
    /// # Errors
    /// [`KeysError`], also for a name that is not ASCII.
    pub fn server(&self, host: &str, valid: ValidTime) -> Result<IssuedCertificate, KeysError> {
        let name = Ia5String::new(host).map_err(failed)?;
        let host_name = SubjectAltName(vec![GeneralName::DnsName(name)]);
        self.issue_with(host, Some(&host_name), valid)
    }

    fn issue(&self, common_name: &str, valid: ValidTime) -> Result<IssuedCertificate, KeysError> {
        self.issue_with(common_name, None, valid)
    }

    fn issue_with(
        &self,
        common_name: &str,
        host: Option<&SubjectAltName>,
        valid: ValidTime,
    ) -> Result<IssuedCertificate, KeysError> {
        let subject = name(&format!("CN={common_name},OU=Alipay,O=simulator@example.com,C=CN"))?;
        let profile = Profile::Leaf {
            issuer: self.intermediate.name.clone(),
            enable_key_agreement: false,
            enable_key_encipherment: false,
        };
        let (private_pem, key) = new_key()?;
        let pem = certificate(profile, &subject, &key, host, valid, &self.intermediate.key)?;
        let bundle_pem = format!("{pem}{}", self.intermediate.pem);
        Ok(IssuedCertificate { private_pem, pem, bundle_pem })
    }
}

fn certificate(
    profile: Profile,
    subject: &Name,
    key: &SigningKey<Sha256>,
    host: Option<&SubjectAltName>,
    valid: ValidTime,
    signed_by: &SigningKey<Sha256>,
) -> Result<String, KeysError> {
    let key: &RsaPrivateKey = key.as_ref();
    let key = key.to_public_key().to_public_key_der().map_err(failed)?;
    let key = SubjectPublicKeyInfoOwned::from_der(key.as_bytes()).map_err(failed)?;
    // Positive and of 16 bytes, as Alipay's.
    let serial = (rand::rng().random::<u128>() >> 1) | (1 << 120);
    let serial = SerialNumber::new(&serial.to_be_bytes()).map_err(failed)?;
    let valid = valid.validity()?;
    let mut builder =
        CertificateBuilder::new(profile, serial, valid, subject.clone(), key, signed_by)
            .map_err(failed)?;
    if let Some(host) = host {
        builder.add_extension(host).map_err(failed)?;
    }
    let built = builder.build::<Signature>().map_err(failed)?;
    built.to_pem(LineEnding::LF).map_err(failed)
}

fn new_key() -> Result<(String, SigningKey<Sha256>), KeysError> {
    let private_pem = KeyPair::generate()?.private_pem;
    let key = RsaPrivateKey::from_pkcs8_pem(&private_pem).map_err(failed)?;
    Ok((private_pem, SigningKey::new(key)))
}

fn authority_name(common_name: &str) -> Result<Name, KeysError> {
    name(&format!("CN={common_name},OU=Certification Authority,O=Alipay simulator,C=CN"))
}

/// Most specific attribute first.
fn name(text: &str) -> Result<Name, KeysError> {
    Name::from_str(text).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> KeysError {
    KeysError::Certificate(error.to_string())
}

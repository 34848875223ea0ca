//! Certificates as Alipay's certificate mode has them: a root, an intermediate, and what they issue
//! (docs/protocol.md §11.4).

mod files;

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, DnValue, IsCa, KeyUsagePurpose,
    SerialNumber,
};

pub use self::files::write_certificates;
use crate::{KeysError, keys};

/// A root that is no RSA one, as there are in Alipay's file: the serial number of the roots leaves
/// it out. Its key is not stored.
const ECC_ROOT: &str = include_str!("certificates/ecc_root.pem");

/// An authority that issues certificates: an RSA root and an intermediate, with their keys.
pub struct Authority {
    root: Issuer,
    intermediate: Issuer,
}

type Issuer = CertifiedIssuer<'static, rcgen::KeyPair>;

/// A certificate with its private key.
pub struct IssuedCertificate {
    /// The private key, PKCS#8 as PEM.
    pub private_pem: String,
    /// The certificate alone, PEM: what the application's file has.
    pub pem: String,
    /// The certificate and the intermediate that issued it, PEM: what Alipay's file has.
    pub bundle_pem: String,
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
        let name = |common_name| Name {
            common_name,
            unit: "Certification Authority",
            organization: "Alipay simulator",
        };
        let root = authority(
            &name("Simulator Certification Authority R1"),
            BasicConstraints::Unconstrained,
            valid,
        )?;
        let root = Issuer::self_signed(root, keys::generate()?).map_err(failed)?;
        let intermediate = authority(
            &name("Simulator Certification Authority Class 2 R1"),
            BasicConstraints::Constrained(0),
            valid,
        )?;
        let intermediate =
            Issuer::signed_by(intermediate, keys::generate()?, &root).map_err(failed)?;
        Ok(Authority { root, intermediate })
    }

    /// The roots, PEM: this authority's, and one of another algorithm.
    pub fn roots_pem(&self) -> String {
        format!("{}{ECC_ROOT}", self.root.pem())
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
        self.issue_with(host, vec![host.to_owned()], valid)
    }

    fn issue(&self, common_name: &str, valid: ValidTime) -> Result<IssuedCertificate, KeysError> {
        self.issue_with(common_name, Vec::new(), valid)
    }

    fn issue_with(
        &self,
        common_name: &str,
        hosts: Vec<String>,
        valid: ValidTime,
    ) -> Result<IssuedCertificate, KeysError> {
        let name = Name { common_name, unit: "Alipay", organization: "simulator@example.com" };
        let mut params = params(&name, hosts, valid)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        let key = keys::generate()?;
        let pem = params.signed_by(&key, &self.intermediate).map_err(failed)?.pem();
        let bundle_pem = format!("{pem}{}", self.intermediate.pem());
        Ok(IssuedCertificate { private_pem: key.serialize_pem(), pem, bundle_pem })
    }
}

/// Of a certificate's subject; the country is always China.
struct Name<'a> {
    common_name: &'a str,
    unit: &'a str,
    organization: &'a str,
}

fn authority(
    name: &Name<'_>,
    path_length: BasicConstraints,
    valid: ValidTime,
) -> Result<CertificateParams, KeysError> {
    let mut params = params(name, Vec::new(), valid)?;
    params.is_ca = IsCa::Ca(path_length);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn params(
    name: &Name<'_>,
    hosts: Vec<String>,
    valid: ValidTime,
) -> Result<CertificateParams, KeysError> {
    let mut params = CertificateParams::new(hosts).map_err(failed)?;
    let country = DnValue::PrintableString("CN".try_into().map_err(failed)?);
    // The least specific attribute comes first in a certificate, and last where it is shown.
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, country);
    params.distinguished_name.push(DnType::OrganizationName, name.organization);
    params.distinguished_name.push(DnType::OrganizationalUnitName, name.unit);
    params.distinguished_name.push(DnType::CommonName, name.common_name);
    // Positive and of 16 bytes, as Alipay's.
    let serial = (rand::rng().random::<u128>() >> 1) | (1 << 120);
    params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
    params.not_before = SystemTime::from(valid.from).into();
    params.not_after = SystemTime::from(valid.until).into();
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn failed(error: rcgen::Error) -> KeysError {
    KeysError::Certificate(error.to_string())
}

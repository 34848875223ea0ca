//! Certificates for tests of TLS, made when a test runs.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// Whom a server's certificate names.
const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate and its private key, each a PEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPairFiles {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key, PKCS#8, not encrypted.
    pub key: PathBuf,
}

/// Two certificate authorities and what they issued, as PEM files of one folder.
///
/// All are valid from 1975 to 4096, except [`ended`](Certificates::ended): no test depends on the
/// date.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The authority that tests trust.
    pub ca: PathBuf,
    /// An authority that no program trusts.
    pub other_ca: PathBuf,
    /// Of a server: `localhost`, 127.0.0.1 and ::1.
    pub server: KeyPairFiles,
    /// Of a server: `wrong.example` alone.
    pub wrong_name: KeyPairFiles,
    /// Of a server, the names of [`server`](Certificates::server): ended in 2001.
    pub ended: KeyPairFiles,
    /// Of a client.
    pub client: KeyPairFiles,
    /// Of a client, issued by [`other_ca`](Certificates::other_ca).
    pub other_client: KeyPairFiles,
}

impl Certificates {
    /// Makes all of them in a folder that is there, with names that begin with what they are
    /// (`ca.pem`, `server.pem`, `server.key`, ...).
    ///
    /// # Errors
    /// A file cannot be written, a key cannot be made.
    pub fn create(folder: &Path) -> Result<Certificates> {
        let (ca, issuer) = authority(folder, "ca")?;
        let (other_ca, other_issuer) = authority(folder, "other-ca")?;
        let mut ended = server_of(&SERVER_NAMES)?;
        ended.not_before = date_time_ymd(2000, 1, 1);
        ended.not_after = date_time_ymd(2001, 1, 1);
        Ok(Certificates {
            ca,
            other_ca,
            server: issue(folder, "server", server_of(&SERVER_NAMES)?, &issuer)?,
            wrong_name: issue(folder, "wrong-name", server_of(&["wrong.example"])?, &issuer)?,
            ended: issue(folder, "ended", ended, &issuer)?,
            client: issue(folder, "client", client()?, &issuer)?,
            other_client: issue(folder, "other-client", client()?, &other_issuer)?,
        })
    }
}

fn authority(folder: &Path, name: &str) -> Result<(PathBuf, Issuer<'static, KeyPair>)> {
    let mut params = CertificateParams::new(Vec::new()).map_err(Error::other)?;
    params.distinguished_name.push(DnType::CommonName, format!("testkit {name}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().map_err(Error::other)?;
    let certificate = params.self_signed(&key).map_err(Error::other)?;
    let path = folder.join(format!("{name}.pem"));
    std::fs::write(&path, certificate.pem())?;
    Ok((path, Issuer::new(params, key)))
}

fn server_of(names: &[&str]) -> Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).map_err(Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "testkit server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn client() -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "testkit client");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn issue(
    folder: &Path,
    name: &str,
    mut params: CertificateParams,
    issuer: &Issuer<'static, KeyPair>,
) -> Result<KeyPairFiles> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().map_err(Error::other)?;
    let signed = params.signed_by(&key, issuer).map_err(Error::other)?;
    let files = KeyPairFiles {
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    };
    std::fs::write(&files.certificate, signed.pem())?;
    std::fs::write(&files.key, key.serialize_pem())?;
    Ok(files)
}

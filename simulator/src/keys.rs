//! The keys that Alipay signs with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;

/// Alipay's keys of the Open Platform have this many bits.
const BITS: usize = 2048;

/// A pair of RSA keys as PEM; the private one is never printed.
pub struct KeyPair {
    /// PKCS#8; what the simulator signs with.
    pub private_pem: String,
    /// SubjectPublicKeyInfo; what the merchant configures as `alipay_public_keys`.
    pub public_pem: String,
}

/// Where a pair of keys was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFiles {
    /// `alipay_private.pem`, readable by its owner only.
    pub private: PathBuf,
    /// `alipay_public.pem`.
    pub public: PathBuf,
}

/// Why keys cannot be made, written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The library failed.
    #[error("cannot generate an RSA key: {0}")]
    Generate(String),
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
    /// A file cannot be written or read; one that exists is never overwritten.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds no private key.
    #[error("{}: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        source: alipay::KeyError,
    },
}

impl KeyPair {
    /// Makes a new pair of 2048 bits, good for RSA and RSA2.
    ///
    /// # Errors
    /// [`KeysError::Generate`].
    pub fn generate() -> Result<KeyPair, KeysError> {
        let failed = |error: &dyn std::fmt::Display| KeysError::Generate(error.to_string());
        let key = RsaPrivateKey::new(&mut OsRng, BITS).map_err(|error| failed(&error))?;
        let private = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| failed(&error))?;
        let public = key.to_public_key();
        let public = public.to_public_key_pem(LineEnding::LF).map_err(|error| failed(&error))?;
        Ok(KeyPair { private_pem: private.to_string(), public_pem: public })
    }

    /// Writes `alipay_private.pem` and `alipay_public.pem` into a folder, which is made if need
    /// be. Files that exist are kept.
    ///
    /// # Errors
    /// [`KeysError::File`], also when one of the files exists.
    pub fn write(&self, folder: &Path) -> Result<KeyFiles, KeysError> {
        fs::create_dir_all(folder)
            .map_err(|source| KeysError::File { path: folder.to_owned(), source })?;
        let private = folder.join("alipay_private.pem");
        let public = folder.join("alipay_public.pem");
        write_new(&private, &self.private_pem, 0o600)?;
        write_new(&public, &self.public_pem, 0o644)?;
        Ok(KeyFiles { private, public })
    }
}

/// Reads a private key: PKCS#8 or PKCS#1, PEM or bare base64.
///
/// # Errors
/// [`KeysError::File`] and [`KeysError::Key`].
pub fn read_private_key(path: &Path) -> Result<alipay::PrivateKey, KeysError> {
    let text = fs::read_to_string(path)
        .map_err(|source| KeysError::File { path: path.to_owned(), source })?;
    alipay::PrivateKey::read(&text)
        .map_err(|source| KeysError::Key { path: path.to_owned(), source })
}

pub(crate) fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), KeysError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| KeysError::File { path: path.to_owned(), source })
}

//! The keys that Alipay signs with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rcgen::{PKCS_RSA_SHA256, RsaKeySize};

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
        let key = generate()?;
        Ok(KeyPair { private_pem: key.serialize_pem(), public_pem: key.public_key_pem() })
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

/// An RSA key of 2048 bits, as Alipay's of the Open Platform.
pub(crate) fn generate() -> Result<rcgen::KeyPair, KeysError> {
    rcgen::KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
        .map_err(|error| KeysError::Generate(error.to_string()))
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

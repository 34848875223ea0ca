//! The number by which Alipay names a certificate.

use md5::{Digest, Md5};
use rsa::BigUint;

/// MD5, in hex, of the issuer's name (the most specific attribute first, as RFC 4514 writes it)
/// directly followed by the serial number in decimal.
pub(super) fn of(certificate: &x509_cert::Certificate) -> String {
    let body = &certificate.tbs_certificate;
    let serial = BigUint::from_bytes_be(body.serial_number.as_bytes());
    format!("{:x}", Md5::digest(format!("{}{serial}", body.issuer)))
}

//! The number by which Alipay names a certificate.

use md5::{Digest, Md5};
use rsa::BoxedUint;

/// MD5, in hex, of the issuer's name (the most specific attribute first, as RFC 4514 writes it)
/// directly followed by the serial number in decimal.
pub(super) fn of(certificate: &x509_cert::Certificate) -> String {
    let body = certificate.tbs_certificate();
    let serial = BoxedUint::from_be_slice_vartime(body.serial_number().as_bytes());
    let serial = serial.to_string_radix_vartime(10);
    base16ct::lower::encode_string(&Md5::digest(format!("{}{serial}", body.issuer())))
}

//! From the bytes of a fuzzer to the choices of a property.

use alipay::{Charset, Md5Key, Protocol, SignType, Verifier, md5_sign};
use chrono::{DateTime, Utc};

/// Takes a byte off the front; 0 where there is none.
pub(crate) fn byte(data: &mut &[u8]) -> u8 {
    match data.split_first() {
        Some((&first, rest)) => {
            *data = rest;
            first
        }
        None => 0,
    }
}

/// One of a list.
pub(crate) fn choice<T: Copy>(data: &mut &[u8], of: &[T]) -> T {
    of[usize::from(byte(data)) % of.len()]
}

pub(crate) fn charset(data: &mut &[u8]) -> Charset {
    choice(data, &[Charset::Utf8, Charset::Gbk, Charset::Gb18030])
}

pub(crate) fn protocol(data: &mut &[u8]) -> Protocol {
    choice(data, &[Protocol::Mapi, Protocol::Openapi])
}

/// MD5 everywhere: a signature costs a fuzzer next to nothing, and which algorithm it is makes no
/// difference to what is signed.
pub(crate) fn key() -> Md5Key {
    Md5Key::new("fuzzers cannot guess this")
}

pub(crate) fn sign(content: &[u8]) -> String {
    md5_sign(&key(), content)
}

pub(crate) fn verifier(protocol: Protocol) -> Verifier {
    Verifier::new(protocol, vec![SignType::Md5], vec![key()], vec![]).unwrap()
}

/// Any time: no key here is out of a certificate.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

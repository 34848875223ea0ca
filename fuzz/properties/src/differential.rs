//! Our verifier, which is aws-lc, against the `rsa` crate.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use alipay::{PublicKey, SignType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPublicKey, LineEnding};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{Pkcs1v15Sign, PrivateKey};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::input;

/// Lengths around the limits, lengths that fill no whole byte, and the exponent 3, with which a
/// verifier that is lax about padding can be cheated.
const KEYS: [&str; 7] = [
    include_str!("../../../common/alipay/tests/fixtures/keys/rsa1024-pkcs1-private.pem"),
    include_str!("../keys/rsa1024-e3.pem"),
    include_str!("../keys/rsa1025.pem"),
    include_str!("../keys/rsa2047.pem"),
    include_str!("../../../common/alipay/tests/fixtures/keys/rsa2048-pkcs1-private.pem"),
    include_str!("../keys/rsa2056.pem"),
    include_str!("../keys/rsa3072.pem"),
];

struct Pair {
    theirs: rsa::PublicKey,
    /// Its modulus.
    n: BigUint,
    ours: PublicKey,
    /// The two primes, each with the private exponent modulo one less.
    primes: [(BigUint, BigUint); 2],
    /// The inverse of the second prime modulo the first.
    inverse: BigUint,
}

static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let pair = |pem: &&str| {
        let private = PrivateKey::from_pkcs1_pem(pem).unwrap();
        let theirs = private.to_public_key();
        let ours = PublicKey::read(&theirs.to_pkcs1_pem(LineEnding::LF).unwrap()).unwrap();
        let n = BigUint::from_bytes_be(&theirs.n_bytes());
        assert_eq!(ours.bits() as u64, n.bits());
        let one = BigUint::from(1_u8);
        let [p, q] = private.primes() else { panic!("a key of two primes") };
        let [p, q] = [p, q].map(|prime| BigUint::from_bytes_be(&prime.to_be_bytes()));
        let d = BigUint::from_bytes_be(&private.d().to_be_bytes());
        let inverse = q.modpow(&(&p - &one - &one), &p);
        let primes = [p, q].map(|prime| (prime.clone(), &d % (prime - &one)));
        Pair { theirs, n, ours, primes, inverse }
    };
    KEYS.iter().map(pair).collect()
});

/// DER before the hash, as RFC 8017 writes it, and as others did.
const SHA1_INFO: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
const SHA1_NO_NULL: &[u8] = b"\x30\x1f\x30\x07\x06\x05\x2b\x0e\x03\x02\x1a\x04\x14";
const SHA256_INFO: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA256_NO_NULL: &[u8] =
    b"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20";
const MD5_INFO: &[u8] = b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10";

/// Both say the same of every signature: a right one, a damaged one, one whose padding is almost
/// right, a number beyond the modulus, and any bytes.
pub fn holds(mut data: &[u8]) {
    let pair = &PAIRS[usize::from(input::byte(&mut data)) % PAIRS.len()];
    let sign_type = input::choice(&mut data, &[SignType::Rsa, SignType::Rsa2]);
    let style = input::byte(&mut data);
    let edits = usize::from(input::byte(&mut data)) % 32;
    let (edits, content) = data.split_at(data.len().min(edits));
    // Few contents, so that a fuzzer spends its time on signatures.
    let content = if style % 5 < 4 { &content[..content.len().min(1)] } else { content };
    let signature = match style % 5 {
        0 => edited(&right(pair, sign_type, content), edits),
        1 => right(pair, sign_type, &edited(content, edits)),
        2 => almost_padded(pair, sign_type, content, edits),
        3 => beyond(pair, &right(pair, sign_type, content), edits),
        _ => content.to_vec(),
    };
    let ours = pair.ours.verify(sign_type, content, STANDARD.encode(&signature).as_bytes());
    let theirs = match sign_type {
        SignType::Rsa => {
            pair.theirs.verify(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(content), &signature)
        }
        _ => {
            let scheme = Pkcs1v15Sign::new::<Sha256>();
            pair.theirs.verify(scheme, &Sha256::digest(content), &signature)
        }
    };
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{} bits, {sign_type}", pair.ours.bits());
    let is_right = || signature == right(pair, sign_type, content);
    assert!(theirs.is_err() || is_right(), "a message has one signature");
    let untouched = style.is_multiple_of(5) && edits.is_empty();
    assert!(theirs.is_ok() || !untouched, "a right signature holds");
}

fn hash(sign_type: SignType, content: &[u8]) -> Vec<u8> {
    match sign_type {
        SignType::Rsa => Sha1::digest(content).to_vec(),
        _ => Sha256::digest(content).to_vec(),
    }
}

fn info(sign_type: SignType) -> &'static [u8] {
    match sign_type {
        SignType::Rsa => SHA1_INFO,
        _ => SHA256_INFO,
    }
}

/// The signature of a content; made once, since that takes a thousand times as long as all the rest.
fn right(pair: &Pair, sign_type: SignType, content: &[u8]) -> Vec<u8> {
    type Made = HashMap<(String, SignType, Vec<u8>), Vec<u8>>;
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    let name = (pair.ours.fingerprint(), sign_type, content.to_vec());
    if let Some(signature) = MADE.lock().unwrap().get(&name) {
        return signature.clone();
    }
    let tail = [info(sign_type), &hash(sign_type, content)].concat();
    let size = pair.theirs.size();
    let block = padded(size, 1, 0xff, size - tail.len() - 3, &tail, &[]);
    let signature = private_operation(pair, &block);
    let mut made = MADE.lock().unwrap();
    if made.len() < 4096 {
        made.insert(name, signature.clone());
    }
    signature
}

/// `00 type ff..ff 00 tail garbage`, as long as it comes out.
fn padded(size: usize, kind: u8, fill: u8, fills: usize, tail: &[u8], garbage: &[u8]) -> Vec<u8> {
    let mut block = vec![0, kind];
    block.extend(std::iter::repeat_n(fill, fills));
    block.push(0);
    block.extend_from_slice(tail);
    block.extend_from_slice(garbage);
    block.resize(size, 0);
    block
}

/// A block that is well signed and wrongly padded: what forgers try.
fn almost_padded(pair: &Pair, sign_type: SignType, content: &[u8], edits: &[u8]) -> Vec<u8> {
    let size = pair.theirs.size();
    let at = |index: usize| edits.get(index).copied().unwrap_or_default();
    let infos =
        [info(sign_type), SHA1_INFO, SHA1_NO_NULL, SHA256_INFO, SHA256_NO_NULL, MD5_INFO, b""];
    let mut tail = infos[usize::from(at(0)) % infos.len()].to_vec();
    // The hash of the other type, whole and right, is no signature of this one.
    let hashed = match (at(0) < 128, sign_type) {
        (true, _) => sign_type,
        (false, SignType::Rsa) => SignType::Rsa2,
        (false, _) => SignType::Rsa,
    };
    tail.extend(hash(hashed, content));
    let tail = edited(&tail, edits.get(6..).unwrap_or_default());
    let garbage = vec![at(1); usize::from(at(2)) % 16];
    let room = size.saturating_sub(tail.len() + garbage.len() + 3);
    let fills = room.saturating_sub(usize::from(at(3)) % 128);
    let kind = if at(4) < 200 { 1 } else { at(4) };
    let fill = if at(5) < 200 { 0xff } else { at(5) };
    private_operation(pair, &padded(size, kind, fill, fills, &tail, &garbage))
}

/// The same number modulo n, and other numbers that are no signature.
fn beyond(pair: &Pair, right: &[u8], edits: &[u8]) -> Vec<u8> {
    let number = BigUint::from_bytes_be(right);
    let one = BigUint::from(1_u8);
    let number = match edits.first().copied().unwrap_or_default() % 5 {
        0 => number + &pair.n,
        1 => pair.n.clone(),
        2 => &pair.n - one,
        3 => one,
        _ => BigUint::from(0_u8),
    };
    let bytes = number.to_bytes_be();
    let missing = pair.theirs.size().saturating_sub(bytes.len());
    [vec![0; missing], bytes].concat()
}

/// `block ^ d mod n`, by its remainders, as long as the modulus.
fn private_operation(pair: &Pair, block: &[u8]) -> Vec<u8> {
    let block = BigUint::from_bytes_be(block);
    let [(p, d_p), (q, d_q)] = &pair.primes;
    let (in_p, in_q) = (block.modpow(d_p, p), block.modpow(d_q, q));
    // Garner: the number that leaves in_p and in_q.
    let difference = (&in_p + p - (&in_q % p)) % p;
    let number = in_q + q * ((difference * &pair.inverse) % p);
    let bytes = number.to_bytes_be();
    [vec![0; pair.theirs.size() - bytes.len()], bytes].concat()
}

/// Two bytes are one edit: a place, and what to change there; the last few cut or lengthen.
fn edited(bytes: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits.chunks_exact(2) {
        match (edit[0], bytes.len()) {
            (255, _) => bytes.push(edit[1]),
            (254, _) => drop(bytes.pop()),
            (_, 0) => {}
            (at, length) => bytes[usize::from(at) * length / 256] ^= edit[1],
        }
    }
    bytes
}

//! An application of the Open Platform, and what a lane reads of a message for it.

use std::io::Write as _;

use alipay::{PrivateKey, SignType};
use config::Config;
use queue::Envelope;
use worker::message::InboundMessage;

const PRIVATE: &str =
    include_str!("../../../common/alipay/tests/fixtures/keys/rsa2048-pkcs8-private.pem");

/// Alipay's signature over the node of an answer.
pub(crate) fn sign(node: &str) -> String {
    let key = PrivateKey::read(PRIVATE).expect("a key");
    key.sign(SignType::Rsa2, node.as_bytes()).expect("a signature")
}

/// What a lane reads, for merchant `app` with this key or certificate of Alipay's.
pub(crate) fn read(envelope: &Envelope, alipay_key: &str) -> InboundMessage {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    write!(
        file,
        "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021000000000001\"\n\
         sign_types = [\"RSA2\"]\nalipay_public_keys = [\"\"\"{alipay_key}\"\"\"]\n"
    )
    .expect("written");
    let config = Config::load_from(Some(file.path()), []).expect("a configuration");
    let id = envelope.message_id().expect("an id");
    // As of the time of the question, whatever day it is.
    InboundMessage::of_envelope(envelope.clone(), &id, &config, envelope.received_at)
        .expect("an envelope")
}

//! Messages in the queue.

use alipay::{Form, ascii_form};
use queue::{Envelope, MessageKind};

use crate::input;

/// What is an envelope stays the same one; whatever body or answer is put into one comes out of it,
/// byte for byte.
pub fn holds(data: &[u8]) {
    match Envelope::read(data) {
        Ok(envelope) => {
            assert_eq!(envelope.version, Envelope::VERSION);
            let again = Envelope::read(&envelope.to_bytes()).unwrap();
            assert_eq!(again.message_id(), envelope.message_id());
            assert_eq!(again, envelope);
        }
        Err(error) => assert!(error.to_string().len() < 200, "{error}"),
    }

    let mut body = data;
    let kind = input::choice(&mut body, MessageKind::ALL);
    let charset = input::charset(&mut body);
    let envelope = Envelope::new("shop", kind, charset, input::now(), ascii_form(body));
    let bytes = envelope.to_bytes();
    assert!(bytes.iter().all(|byte| (b' '..=b'~').contains(byte)), "any AMQP tool can show it");
    let read = Envelope::read(&bytes).unwrap();
    assert_eq!(Form::parse(read.form.as_bytes()), Form::parse(body));
    assert_eq!(read, envelope);

    let answer = Envelope::query_answer("shop", charset, "A1", input::now(), body);
    let answer = Envelope::read(&answer.to_bytes()).unwrap();
    let form = Form::parse(answer.form.as_bytes()).unwrap();
    assert_eq!(form.get("answer"), Some(body));
    assert!(answer.message_id().is_ok());
}

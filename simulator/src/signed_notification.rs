//! A notification as it goes over the wire.

use alipay::{CharsetError, Form, KeyError, Protocol, Rule, Signer};
use chrono::{DateTime, Utc};

use crate::UnsignedNotification;
use crate::mapi::seconds;

/// A notification together with its signature.
#[derive(Debug, Clone)]
pub struct SignedNotification {
    notification: UnsignedNotification,
    signer: Signer,
    /// Which character of every signature is spoiled.
    spoiled: Option<usize>,
    form: Form,
}

/// Why a notification cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A text, for example the subject, does not exist in the charset.
    #[error("parameter {name}: {source}")]
    Charset {
        /// The parameter's name.
        name: String,
        /// What the charset cannot say.
        source: CharsetError,
    },
    /// The key cannot sign.
    #[error("the notification cannot be signed: {0}")]
    Key(#[from] KeyError),
}

impl SignedNotification {
    /// See [`UnsignedNotification::sign`].
    pub(crate) fn new(
        notification: UnsignedNotification,
        signer: Signer,
    ) -> Result<SignedNotification, SignError> {
        let form = signed_form(&notification, &signer, None)?;
        Ok(SignedNotification { notification, signer, spoiled: None, form })
    }

    /// The same notification as Alipay repeats it: a new `notify_time`, hence a new `sign`;
    /// everything else, the `notify_id` too, stays. (reference: Alipay's notification page,
    /// "the id does not change between attempts".)
    ///
    /// # Errors
    /// As [`UnsignedNotification::sign`].
    pub fn at(&self, notify_time: DateTime<Utc>) -> Result<SignedNotification, SignError> {
        let mut notification = self.notification.clone().with("notify_time", seconds(notify_time));
        notification.notify_time = notify_time;
        let form = signed_form(&notification, &self.signer, self.spoiled)?;
        Ok(SignedNotification { notification, form, ..self.clone() })
    }

    /// A fault: the same notification with one character of its signature replaced by another of
    /// the same alphabet, in repeats too. Which one: `position`, counted from the front.
    ///
    /// # Errors
    /// As [`UnsignedNotification::sign`].
    pub fn with_spoiled_signature(&self, position: usize) -> Result<SignedNotification, SignError> {
        let form = signed_form(&self.notification, &self.signer, Some(position))?;
        Ok(SignedNotification { form, spoiled: Some(position), ..self.clone() })
    }

    /// What the notification says.
    pub fn notification(&self) -> &UnsignedNotification {
        &self.notification
    }

    /// The identity of the event.
    pub fn notify_id(&self) -> &str {
        &self.notification.notify_id
    }

    /// The parameters as bytes, `sign` and `sign_type` among them.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// The body of the POST, `application/x-www-form-urlencoded`.
    pub fn body(&self) -> Vec<u8> {
        self.form.encode().into_bytes()
    }
}

/// Encodes and signs; `sign` and `sign_type` end up where the notification has them.
fn signed_form(
    notification: &UnsignedNotification,
    signer: &Signer,
    spoiled: Option<usize>,
) -> Result<Form, SignError> {
    let charset = notification.charset;
    let mut form = Form::new();
    for (name, value) in notification.parameters() {
        let value = charset
            .encode(value)
            .map_err(|source| SignError::Charset { name: name.to_owned(), source })?;
        form.set(name, value);
    }
    let rule = match notification.protocol {
        Protocol::Mapi => Rule::DropEmpty,
        Protocol::Openapi => Rule::Notification,
    };
    let mut signed = form.clone();
    signer.sign_form(&mut signed, rule)?;
    for name in ["sign_type", "sign"] {
        if let Some(value) = signed.get(name) {
            form.set(name, spoil(name, value, spoiled));
        }
    }
    Ok(form)
}

/// A signature with one character replaced, never one of the last four: of base64 they may be
/// padding, and the result shall still look like a signature.
fn spoil(name: &str, value: &[u8], position: Option<usize>) -> Vec<u8> {
    let mut value = value.to_vec();
    if let ("sign", Some(position)) = (name, position) {
        let last = value.len().saturating_sub(4).max(1);
        if let Some(character) = value.get_mut(position % last) {
            *character = if *character == b'a' { b'b' } else { b'a' };
        }
    }
    value
}

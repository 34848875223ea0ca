//! Answers of the Open Platform: JSON with one signed node.

use chrono::{DateTime, Utc};

use super::error::not_an_answer;
use super::{AnswerError, MAX_ANSWER};
use crate::json_object::JsonObject;
use crate::parameters::Parameters;
use crate::{Charset, Form, MAX_PARAMETERS, SignatureError, Verifier};

/// The signed node of an answer.
pub(super) struct SignedNode {
    /// Its plain values in UTF-8, text without quotes, numbers as written. What is nested is left
    /// out.
    pub(super) fields: Form,
    /// Whether a signature was there and right.
    signed: bool,
    /// Whether it is the `error_response`, which the gateway sends when it did not get so far as to
    /// run the method.
    is_error: bool,
}

/// What the gateway decided about a request.
pub(super) enum GatewayOutcome {
    /// It did what was asked; how far, the fields say.
    Success,
    /// It has no such trade.
    NotExist,
}

impl SignedNode {
    /// Reads the answer to a method, whose node is `name` (`alipay_trade_query_response`).
    ///
    /// The signature covers the bytes of the node exactly as received, braces included. So the
    /// node is found by a real parser, as it may also occur inside a value, and never written anew.
    ///
    /// # Errors
    /// [`AnswerError::NotAnAnswer`], [`AnswerError::Encrypted`], and [`AnswerError::Signature`] when
    /// there is a signature that is not right. A missing one is no error here: see [`SignedNode::outcome`].
    pub(super) fn read(
        body: &[u8],
        name: &str,
        charset: Charset,
        verifier: &Verifier,
        at: DateTime<Utc>,
    ) -> Result<SignedNode, AnswerError> {
        SignedNode::read_with(body, name, charset, |content, sign, cert_sn| {
            verifier.verify_content(content, sign, cert_sn, at)
        })
    }

    /// As [`SignedNode::read`], of an answer whose content is checked in another way than by its signature.
    ///
    /// # Errors
    /// [`AnswerError::NotAnAnswer`], [`AnswerError::Encrypted`].
    pub(super) fn read_unverified(
        body: &[u8],
        name: &str,
        charset: Charset,
    ) -> Result<SignedNode, AnswerError> {
        SignedNode::read_with(body, name, charset, |_, _, _| Ok(()))
    }

    /// `verify` is asked with the signed bytes, the signature and `alipay_cert_sn`.
    fn read_with(
        body: &[u8],
        name: &str,
        charset: Charset,
        verify: impl FnOnce(&[u8], &[u8], Option<&str>) -> Result<(), SignatureError>,
    ) -> Result<SignedNode, AnswerError> {
        if body.len() > MAX_ANSWER {
            return Err(not_an_answer("it is larger than 1 MiB"));
        }
        let text = charset
            .decode(body)
            .map_err(|_| not_an_answer("its bytes are not text in the charset of the request"))?;
        let answer: JsonObject<'_> = read_object(&text)
            .ok_or(not_an_answer("it is no JSON object, or has hundreds of members"))?;
        if answer.has_duplicate() {
            return Err(not_an_answer("a name occurs twice"));
        }
        let (node, is_error) = match (answer.get(name), answer.get("error_response")) {
            (Some(node), None) => (node, false),
            (None, Some(node)) => (node, true),
            (Some(_), Some(_)) => return Err(not_an_answer("it has two answers")),
            (None, None) => {
                return Err(not_an_answer("it does not answer this method"));
            }
        };
        let sign = match answer.get("sign") {
            None | Some("null") => String::new(),
            Some(sign) => serde_json::from_str(sign)
                .map_err(|_| AnswerError::Signature(SignatureError::Malformed))?,
        };
        let cert_sn: Option<String> = match answer.get("alipay_cert_sn") {
            None => None,
            Some(sn) => serde_json::from_str(sn)
                .map_err(|_| not_an_answer("its alipay_cert_sn is no text"))?,
        };
        if !sign.is_empty() {
            let signed = signed_bytes(body, &text, node, charset)
                .ok_or(not_an_answer("its bytes cannot be assigned to its text"))?;
            verify(signed, sign.as_bytes(), cert_sn.as_deref())?;
        }
        // Where a merchant turned encryption on, the node is base64 text: signed in its quotes.
        if node.starts_with('"') {
            return Err(AnswerError::Encrypted);
        }
        let node = read_object(node).ok_or(not_an_answer("its node is no JSON object"))?;
        if node.has_duplicate() {
            return Err(not_an_answer("a name occurs twice"));
        }
        Ok(SignedNode { fields: plain_values(&node)?, signed: !sign.is_empty(), is_error })
    }

    /// What the gateway decided. Only after this do the fields count.
    ///
    /// # Errors
    /// [`AnswerError::Refused`], signed or not: it says nothing about a trade.
    /// [`AnswerError::Unsigned`] for anything else without a signature.
    pub(super) fn outcome(&self) -> Result<GatewayOutcome, AnswerError> {
        let outcome = self.unverified_outcome()?;
        if self.signed { Ok(outcome) } else { Err(AnswerError::Unsigned) }
    }

    /// What the gateway decided, by an answer whose signature was not checked.
    ///
    /// # Errors
    /// [`AnswerError::Refused`].
    pub(super) fn unverified_outcome(&self) -> Result<GatewayOutcome, AnswerError> {
        match self.word("code").as_str() {
            _ if self.is_error => Err(self.refusal()),
            "10000" => Ok(GatewayOutcome::Success),
            _ if self.word("sub_code") == "ACQ.TRADE_NOT_EXIST" => Ok(GatewayOutcome::NotExist),
            _ => Err(self.refusal()),
        }
    }

    /// Reads the fields.
    pub(super) fn parameters(&self) -> Parameters<'_> {
        Parameters { form: &self.fields, charset: Charset::Utf8, is_guarded: false }
    }

    fn word(&self, name: &str) -> String {
        self.fields.get(name).map(String::from_utf8_lossy).unwrap_or_default().into_owned()
    }

    /// What the gateway refused: `sub_code` and `sub_msg`, or `code` and `msg` without them.
    pub(super) fn refusal(&self) -> AnswerError {
        let first = |names: [&str; 2]| {
            names.map(|name| self.word(name)).into_iter().find(|word| !word.is_empty())
        };
        match first(["sub_code", "code"]) {
            Some(code) => {
                AnswerError::refused(&code, &first(["sub_msg", "msg"]).unwrap_or_default())
            }
            None => not_an_answer("it has no code"),
        }
    }
}

/// Reads an object of at most [`MAX_PARAMETERS`] members.
fn read_object(text: &str) -> Option<JsonObject<'_>> {
    serde_json::from_str(text).ok().filter(|object: &JsonObject<'_>| object.len() <= MAX_PARAMETERS)
}

/// The bytes of the body that a part of the decoded text came from.
fn signed_bytes<'a>(body: &'a [u8], text: &str, part: &str, charset: Charset) -> Option<&'a [u8]> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let before = text.get(..start)?;
    let from = charset.source_length(body, before)?;
    let rest = body.get(from..)?;
    rest.get(..charset.source_length(rest, part)?)
}

/// The plain values of an object: text without quotes, numbers as written.
fn plain_values(object: &JsonObject<'_>) -> Result<Form, AnswerError> {
    let mut fields = Form::new();
    for (name, value) in object.iter() {
        match value {
            "null" => {}
            nested if nested.starts_with(['{', '[']) => {}
            text if text.starts_with('"') => {
                // Half a surrogate pair is JSON and no text.
                let text: String =
                    serde_json::from_str(text).map_err(|_| not_an_answer("a value is no text"))?;
                fields.set(name, text);
            }
            number => fields.set(name, number),
        }
    }
    Ok(fields)
}

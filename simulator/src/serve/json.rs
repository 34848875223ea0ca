//! The Open Platform's answers: one JSON node, signed as the text that is sent.

use alipay::{Charset, SignType, Signer, md5_sign};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::{GatewayFaults, answer};

/// The fields of an answer, in the order in which they are written; not sorted, so that whoever
/// verifies a node that was parsed and written again fails, as with Alipay.
#[derive(Debug, Clone)]
pub(super) struct Node(Vec<(&'static str, String)>);

impl Node {
    /// A call that worked.
    pub(super) fn success() -> Node {
        Node(Vec::new()).with("code", "10000").with("msg", "Success")
    }

    /// The gateway refuses the call before looking at what it asks for: `isv.missing-...` is 40001,
    /// but for numbers of certificates, and anything else 40002.
    pub(super) fn refused(sub_code: &str, sub_msg: &str) -> Node {
        let (code, msg) = match sub_code {
            NO_KEY => ("40003", "Insufficient Conditions"),
            _ if sub_code.starts_with("isv.missing-") && !sub_code.ends_with("-cert-sn") => {
                ("40001", "Missing Required Arguments")
            }
            _ => ("40002", "Invalid Arguments"),
        };
        Node(Vec::new())
            .with("code", code)
            .with("msg", msg)
            .with("sub_code", sub_code)
            .with("sub_msg", sub_msg)
    }

    /// What was asked for is impossible.
    pub(super) fn failed(sub_code: &str, sub_msg: &str) -> Node {
        Node(Vec::new())
            .with("code", "40004")
            .with("msg", "Business Failed")
            .with("sub_code", sub_code)
            .with("sub_msg", sub_msg)
    }

    /// The same with one more field.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Serialize) -> Node {
        // Texts, numbers and maps with text keys always have a JSON form.
        self.0.push((name, serde_json::to_string(&value).unwrap_or_else(|_| "null".to_owned())));
        self
    }

    /// The same with one more field, where there is a value.
    #[must_use]
    pub(super) fn with_some(self, name: &'static str, value: Option<impl Serialize>) -> Node {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The document with the node under its name. Without a signer it is unsigned: an unknown app
    /// has no key. In certificate mode the number of Alipay's certificate stands beside the node.
    pub(super) fn answer(
        &self,
        name: &str,
        charset: Charset,
        (signer, cert_sn): (Option<&Signer>, Option<&str>),
        faults: &GatewayFaults,
    ) -> Response {
        let fields: Vec<String> =
            self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        // Solidi are escaped, as Alipay's older answers have them: another reason to keep bytes.
        let node = format!("{{{}}}", fields.join(",")).replace('/', "\\/");
        let Ok(node) = charset.encode(&node) else {
            return answer::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the answer cannot be written in its charset",
            );
        };
        let mut body = format!("{{\"{name}\":").into_bytes();
        body.extend_from_slice(&node);
        if let Some(signer) = signer {
            let Some(signature) = signature(signer, &node) else {
                return answer::text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the answer cannot be signed",
                );
            };
            let signature = faults.spoiled(signature);
            if let Some(sn) = cert_sn {
                body.extend_from_slice(format!(",\"alipay_cert_sn\":\"{sn}\"").as_bytes());
            }
            body.extend_from_slice(format!(",\"sign\":\"{signature}\"").as_bytes());
        }
        body.push(b'}');
        answer::of(StatusCode::OK, "text/html", charset, body)
    }
}

/// The application has no public key at Alipay.
pub(super) const NO_KEY: &str = "isv.missing-signature-config";

/// Over the node's own bytes.
fn signature(signer: &Signer, node: &[u8]) -> Option<String> {
    match signer {
        Signer::Md5(key) => Some(md5_sign(key, node)),
        Signer::Rsa(key) => key.sign(SignType::Rsa, node).ok(),
        Signer::Rsa2(key) => key.sign(SignType::Rsa2, node).ok(),
    }
}

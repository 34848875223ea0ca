//! Whether a signature is valid, and why not.

use alipay::{
    Charset, Form, Notification, Protocol, Rule, SecondReading, SignType, SignatureError,
    Unreadable, Verified, canonical, is_return,
};
use chrono::Utc;
use config::signature_remedy::{Effort, Remedy, ignored, remedies};
use config::{Config, Merchant};
use serde::Serialize;
use store::BeijingTime;

/// The verdict on a body, with what led to it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct VerifyReport {
    pub(crate) merchant: String,
    pub(crate) protocol: &'static str,
    pub(crate) valid: bool,
    /// Why it is not valid: a code, and a sentence.
    pub(crate) reason: Option<&'static str>,
    pub(crate) error: Option<String>,
    /// The check that succeeded.
    pub(crate) sign_type: Option<&'static str>,
    pub(crate) algorithm: Option<&'static str>,
    pub(crate) rule: Option<String>,
    /// Index in the configuration, from 0.
    pub(crate) key: Option<usize>,
    /// Hex SHA-256 of the public key (SPKI, DER); none for an MD5 key.
    pub(crate) fingerprint: Option<String>,
    /// Alipay's number of the certificate that the key is in.
    pub(crate) cert_sn: Option<String>,
    /// When that certificate ends.
    pub(crate) cert_not_after: Option<BeijingTime>,
    /// The text that is signed, by the rule that verified, else by the protocol's own rule.
    pub(crate) canonical: Option<String>,
    /// By the other rule, when the signature is not valid and the texts differ.
    pub(crate) other_canonical: Option<String>,
    /// The checks that failed, when the signature is not valid.
    pub(crate) tried: Vec<SignatureTrial>,
    /// What would make it valid, as far as that can be found out.
    pub(crate) remedies: Vec<Remedy>,
    /// The charset by which workers read the values: `utf-8`, `gbk` or `gb18030`; none where the form names one that is
    /// not known.
    pub(crate) charset: Option<&'static str>,
    /// Its source: the form's own `charset`, or the configuration of the merchant.
    pub(crate) charset_from: Option<String>,
    /// Parameters whose values are none of this charset.
    pub(crate) undecodable: Vec<String>,
    /// The reason with which a worker would dead-letter it.
    pub(crate) worker_rejects: Option<&'static str>,
    /// Parameters that the configuration leaves out of the text.
    pub(crate) ignored: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// One way to check the signature.
#[derive(Debug, Serialize)]
pub(crate) struct SignatureTrial {
    pub(crate) sign_type: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) rule: String,
    pub(crate) key: usize,
    pub(crate) fingerprint: Option<String>,
}

impl SignatureTrial {
    fn new(merchant: &Merchant, verified: &Verified) -> SignatureTrial {
        let key = merchant.verifier.public_key(verified);
        SignatureTrial {
            sign_type: verified.sign_type.name(),
            algorithm: match verified.sign_type {
                SignType::Md5 => "MD5 over the text and the key",
                SignType::Rsa => "RSA PKCS#1 v1.5 with SHA-1",
                SignType::Rsa2 => "RSA PKCS#1 v1.5 with SHA-256",
            },
            rule: verified.rule.to_string(),
            key: verified.key,
            fingerprint: key.map(alipay::PublicKey::fingerprint),
        }
    }
}

impl VerifyReport {
    /// Judges a body by the keys and rules of a merchant.
    pub(crate) fn of(config: &Config, merchant: &Merchant, bytes: &[u8]) -> VerifyReport {
        let mut judgement = VerifyReport {
            merchant: merchant.name.clone(),
            protocol: merchant.protocol.name(),
            ..VerifyReport::default()
        };
        let body = judgement.trim(bytes);
        match Form::parse(body) {
            Ok(form) => {
                if let Err(error) = judgement.judge(merchant, &form) {
                    judgement.remedies =
                        remedies(config, merchant, &form, body, &error, Effort::Whole);
                }
            }
            Err(error) => {
                judgement.reason = Some("bad_form");
                judgement.error = Some(error.to_string());
            }
        }
        judgement
    }

    /// Cuts off what the sender has not written, and notes it.
    fn trim<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if bytes.starts_with(b"?") {
            self.notes.push("a leading ? was cut off".to_owned());
        }
        if bytes.ends_with(b"\n") || bytes.ends_with(b"\r") {
            self.notes.push("newlines at the end were cut off".to_owned());
        }
        as_sent(bytes)
    }

    fn judge(&mut self, merchant: &Merchant, form: &Form) -> Result<(), SignatureError> {
        let ignore = ignored(merchant, form);
        self.ignored = ignore.to_vec();
        let charset = Charset::of(form, merchant.charset).unwrap_or(merchant.charset);
        let text = |rule| shown(&canonical(form, rule, ignore), charset);
        let (first, other) = match merchant.protocol {
            Protocol::Mapi => (Rule::DropEmpty, Rule::Notification),
            Protocol::Openapi => (Rule::Notification, Rule::DropEmpty),
        };
        self.warn_of_strangers(merchant, form);
        self.warn_of_readings(merchant, form);
        self.look_at_charset(merchant, form);
        match merchant.verifier.verify(form, ignore, Utc::now()) {
            Ok(verified) => {
                self.show_certificate(merchant, &verified);
                let check = SignatureTrial::new(merchant, &verified);
                self.valid = true;
                self.sign_type = Some(check.sign_type);
                self.algorithm = Some(check.algorithm);
                self.rule = Some(check.rule);
                self.key = Some(check.key);
                self.fingerprint = check.fingerprint;
                self.canonical = Some(if verified.without_cert_sn {
                    self.notes.push("alipay_cert_sn is not signed: it was left out".to_owned());
                    let ignore = [ignore, &["alipay_cert_sn".to_owned()]].concat();
                    shown(&canonical(form, verified.rule, &ignore), charset)
                } else {
                    text(verified.rule)
                });
                Ok(())
            }
            Err(error) => {
                self.reason = Some(error.reason_code());
                self.error = Some(error.to_string());
                let (own, others) = (text(first), text(other));
                self.other_canonical = (own != others).then_some(others);
                self.canonical = Some(own);
                if let SignatureError::Mismatch { tried } = &error {
                    self.tried =
                        tried.iter().map(|way| SignatureTrial::new(merchant, way)).collect();
                }
                Err(error)
            }
        }
    }

    /// A key in a certificate is valid for a time.
    fn show_certificate(&mut self, merchant: &Merchant, verified: &Verified) {
        let key = merchant.verifier.public_key(verified);
        let certificate = key.and_then(alipay::PublicKey::certificate);
        self.cert_sn = certificate.map(|certificate| certificate.sn().to_owned());
        self.cert_not_after = certificate.map(|certificate| BeijingTime(certificate.not_after()));
    }

    /// Alipay's old RSA key signs for every merchant, so a valid signature does not say for whom.
    fn warn_of_strangers(&mut self, merchant: &Merchant, form: &Form) {
        for (name, configured) in [("seller_id", &merchant.seller_id), ("app_id", &merchant.app_id)]
        {
            let (Some(configured), Some(sent)) = (configured, form.get(name)) else { continue };
            if configured.as_bytes() != sent {
                self.warnings.push(format!(
                    "{name} is {}, the merchant's is {configured}: the ingress refuses it",
                    sent.escape_ascii()
                ));
            }
        }
    }

    /// Other reasons for which a signed form is not trusted: a signature covers a text, not a form.
    fn warn_of_readings(&mut self, merchant: &Merchant, form: &Form) {
        let names = alipay::check_names(form, &merchant.ignore_params).err();
        let refused = match is_return(form) {
            true => names,
            false => alipay::check_notification(form).err(),
        };
        if let Some(error) = refused {
            self.warnings.push(format!("no notification, the ingress refuses it: {error}"));
        } else if let Some(reading) = SecondReading::of(form, merchant.protocol) {
            self.warnings.push(format!(
                "{reading}. It is answered success and adds no facts: the gateway is asked, or a person \
                 (docs/security.md)"
            ));
        }
    }

    /// Whether the values are text of the charset that is signed or configured, and what a worker does where they are
    /// not: a signature covers bytes.
    fn look_at_charset(&mut self, merchant: &Merchant, form: &Form) {
        let named = form.get("charset").is_some_and(|name| !name.is_empty());
        let from = match named {
            true => "the form says so".to_owned(),
            false => format!("merchants.{}.charset, since the form names none", merchant.name),
        };
        let charset = match Charset::of(form, merchant.charset) {
            Ok(charset) => charset,
            Err(error) => {
                self.worker_rejects = Some("unknown_charset");
                self.warnings
                    .push(format!("{error}: a worker makes a dead letter of it (unknown_charset)"));
                return;
            }
        };
        self.charset = Some(charset.name());
        self.charset_from = Some(from.clone());
        let is_none_of = |charset: Charset| {
            let values = form.iter().filter(move |(_, value)| charset.decode(value).is_err());
            values.map(|(name, _)| name.escape_ascii().to_string()).collect::<Vec<String>>()
        };
        self.undecodable = is_none_of(charset);
        self.undecodable.sort();
        let read = (!is_return(form)).then(|| Notification::read(form, merchant.protocol, charset));
        let rejects = read.and_then(Result::err);
        self.worker_rejects = rejects.as_ref().map(Unreadable::reason_code);
        let does = match &rejects {
            Some(error) => {
                format!("a worker makes a dead letter of it ({}: {error})", error.reason_code())
            }
            None => "a worker reads none of these, and works on it".to_owned(),
        };
        if !self.undecodable.is_empty() {
            let others = [Charset::Utf8, Charset::Gbk, Charset::Gb18030];
            let other = others.into_iter().find(|other| is_none_of(*other).is_empty());
            let other = match other {
                Some(other) if named => {
                    format!("; they are {}, and the form says otherwise", other.name())
                }
                Some(other) => {
                    format!("; they are {}: set merchants.{}.charset", other.name(), merchant.name)
                }
                None => String::new(),
            };
            self.warnings.push(format!(
                "values that are not {}, by which they are read ({from}): {}{other}. The signature covers the bytes; {does}",
                charset.name(),
                self.undecodable.join(", ")
            ));
        }
    }
}

/// A body without what an editor or a copied address puts around it.
pub(crate) fn as_sent(bytes: &[u8]) -> &[u8] {
    let body = bytes.strip_prefix(b"?").unwrap_or(bytes);
    let end = body.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
    &body[..end]
}

/// The signed bytes as text; where they are none in this charset, with escapes.
fn shown(canonical: &[u8], charset: Charset) -> String {
    charset.decode(canonical).unwrap_or_else(|_| canonical.escape_ascii().to_string())
}

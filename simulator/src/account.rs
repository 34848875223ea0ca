//! A merchant's account at Alipay: who it is, and the keys of both sides.

use alipay::{Fen, PrivateKey, Protocol, PublicKey, Rule, SignType, Signer, canonical, md5_sign};
use alipay::{Form, Md5Key};
use chrono::Utc;

use crate::certificate_mode::CertificateMode;
use crate::{AlipayTrade, MerchantIdentity};

/// A seller for a configuration that names none, which only the Open Platform allows.
const ANY_SELLER: &str = "2088000000000002";

/// One merchant as Alipay knows it: made from the merchant's own configuration, so that what is
/// signed here verifies there, and the other way round.
#[derive(Debug, Clone)]
pub struct Account {
    /// The section's name in the configuration.
    pub name: String,
    /// The identity that is in notifications.
    pub merchant: MerchantIdentity,
    /// Whom requests of the legacy gateway name.
    pub partner: String,
    /// Signs notifications.
    pub signer: Signer,
    md5_key: Option<Md5Key>,
    /// Alipay's key, where there is one.
    private_key: Option<PrivateKey>,
    /// The merchant's own key, public half: verifies requests.
    application_key: Option<PublicKey>,
    sign_types: Vec<SignType>,
    pub(crate) demands: Demands,
    /// In certificate mode.
    pub(crate) certificates: Option<CertificateMode>,
}

/// What the legacy gateway demands in a pay link of accounts that have asked for it: who builds
/// links for somebody else does not have it. (docs/protocol.md §9.1)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demands {
    /// `anti_phishing_key`, got from `query_timestamp` at most 30 seconds ago.
    pub anti_phishing_key: bool,
    /// `exter_invoke_ip`, the buyer's address.
    pub exter_invoke_ip: bool,
}

/// Why nothing can be signed for a merchant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The sign type that was asked for has no key.
    #[error("sign type {sign_type} needs {needed}")]
    NoKey {
        /// What was asked for.
        sign_type: SignType,
        /// What is missing.
        needed: &'static str,
    },
    /// There is no key at all.
    #[error("nothing to sign with: give --alipay-private-key FILE (see simulator keygen)")]
    NothingToSignWith,
    /// A certificate of Alipay cannot be read.
    #[error("a certificate of Alipay: {0}")]
    Certificate(alipay::KeyError),
    /// None of Alipay's certificates has its key.
    #[error("none of Alipay's certificates belongs to its private key")]
    NotOurCertificate,
    /// The merchant's verifier accepts none of the signatures.
    #[error(
        "its configuration verifies nothing that the simulator can sign ({refused}); does \
         --alipay-private-key belong to alipay_public_keys?"
    )]
    Refused {
        /// Each sign type with the verifier's reason.
        refused: String,
    },
}

impl Account {
    /// The account of a configured merchant. `private_key` is Alipay's, for RSA and RSA2;
    /// `sign_type` the type asked for, else one that the merchant's own verifier accepts: a wrong
    /// key shows here and not as a puzzling `fail`.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn new(
        configured: &config::Merchant,
        private_key: Option<&PrivateKey>,
        sign_type: Option<SignType>,
    ) -> Result<Account, AccountError> {
        let merchant = merchant(configured);
        let signer = signer(configured, &merchant, private_key, sign_type)?;
        Ok(Account {
            name: configured.name.clone(),
            partner: configured.partner.clone().unwrap_or_else(|| merchant.seller_id.clone()),
            merchant,
            signer,
            md5_key: configured.md5_key.clone(),
            private_key: private_key.cloned(),
            application_key: configured.private_key.as_ref().map(PrivateKey::public_key),
            sign_types: configured.sign_types.clone(),
            demands: Demands::default(),
            certificates: CertificateMode::of(configured, private_key),
        })
    }

    /// The same account with other certificates of Alipay than the merchant has configured, as PEM:
    /// Alipay has changed its own. The one of its private key goes along with answers, and each can be
    /// downloaded. An account in public key mode stays as it is.
    ///
    /// # Errors
    /// [`AccountError::Certificate`] and [`AccountError::NotOurCertificate`].
    pub fn with_alipay_certificates(mut self, files: &[String]) -> Result<Account, AccountError> {
        if let Some(certificates) = &mut self.certificates {
            certificates.take(files, self.private_key.as_ref())?;
        }
        Ok(self)
    }

    /// The same account with demands of its pay links.
    #[must_use]
    pub fn demanding(self, demands: Demands) -> Account {
        Account { demands, ..self }
    }

    /// Signs an answer the way the request was signed where Alipay has that key, else as a
    /// notification.
    pub(crate) fn answering(&self, asked: Option<SignType>) -> Signer {
        let asked = asked.filter(|asked| self.sign_types.contains(asked));
        let signer = match asked {
            Some(SignType::Md5) => self.md5_key.clone().map(Signer::Md5),
            Some(SignType::Rsa) => self.private_key.clone().map(Signer::Rsa),
            Some(SignType::Rsa2) => self.private_key.clone().map(Signer::Rsa2),
            None => None,
        };
        signer.unwrap_or_else(|| self.signer.clone())
    }

    /// Whether a request carries the merchant's signature. `None` where the configuration holds no
    /// key to tell by: RSA and RSA2 are verified with the public half of `private_key`.
    pub(crate) fn signed(&self, request: &Form) -> Option<bool> {
        let rule = match self.merchant.protocol {
            Protocol::Mapi => Rule::DropEmpty,
            Protocol::Openapi => Rule::Request,
        };
        let Some(sign_type) = sign_type(request) else { return Some(false) };
        let Some(sign) = request.get("sign") else { return Some(false) };
        let content = canonical(request, rule, &[]);
        match sign_type {
            SignType::Md5 if self.merchant.protocol == Protocol::Mapi => {
                let key = self.md5_key.as_ref()?;
                Some(md5_sign(key, &content).as_bytes() == sign)
            }
            SignType::Md5 => Some(false),
            SignType::Rsa | SignType::Rsa2 => {
                let key = self.application_key.as_ref()?;
                Some(key.verify(sign_type, &content, sign).is_ok())
            }
        }
    }
}

/// The sign type that a request names.
pub(crate) fn sign_type(request: &Form) -> Option<SignType> {
    std::str::from_utf8(request.get("sign_type")?).ok()?.parse().ok()
}

fn merchant(configured: &config::Merchant) -> MerchantIdentity {
    let seller_id = configured.seller_id.as_deref().unwrap_or(ANY_SELLER);
    let merchant = match configured.protocol {
        Protocol::Mapi => MerchantIdentity::mapi(seller_id),
        Protocol::Openapi => {
            MerchantIdentity::openapi(configured.app_id.as_deref().unwrap_or_default(), seller_id)
        }
    };
    merchant.with_charset(configured.charset)
}

fn signer(
    configured: &config::Merchant,
    merchant: &MerchantIdentity,
    private_key: Option<&PrivateKey>,
    sign_type: Option<SignType>,
) -> Result<Signer, AccountError> {
    let rsa2 = private_key.cloned().map(Signer::Rsa2);
    let rsa = private_key.cloned().map(Signer::Rsa);
    let md5 = configured.md5_key.clone().map(Signer::Md5);
    if let Some(sign_type) = sign_type {
        let (signer, needed) = match sign_type {
            SignType::Md5 => (md5, "md5_key in the configuration"),
            SignType::Rsa => (rsa, "--alipay-private-key"),
            SignType::Rsa2 => (rsa2, "--alipay-private-key"),
        };
        return signer.ok_or(AccountError::NoKey { sign_type, needed });
    }
    let now = Utc::now();
    let mut refused = Vec::new();
    for signer in [rsa2, rsa, md5].into_iter().flatten() {
        let probe = AlipayTrade::open(merchant, "probe", Fen::new(1), now).pay(now);
        let probe = probe
            .map_err(|error| error.to_string())
            .and_then(|probe| probe.sign(&signer).map_err(|error| error.to_string()));
        let verified = probe.and_then(|probe| {
            configured
                .verifier
                .verify(probe.form(), &[], Utc::now())
                .map_err(|error| error.to_string())
        });
        match verified {
            Ok(_) => return Ok(signer),
            Err(error) => refused.push(format!("{}: {error}", signer.sign_type())),
        }
    }
    match refused.is_empty() {
        true => Err(AccountError::NothingToSignWith),
        false => Err(AccountError::Refused { refused: refused.join("; ") }),
    }
}

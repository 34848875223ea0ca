//! Signing what we send.

use crate::{Form, KeyError, Md5Key, PrivateKey, Rule, SignType, canonical, md5_sign};

/// A key together with the algorithm that it signs with.
#[derive(Debug, Clone)]
pub enum Signer {
    /// `sign_type=MD5`.
    Md5(Md5Key),
    /// `sign_type=RSA`.
    Rsa(PrivateKey),
    /// `sign_type=RSA2`.
    Rsa2(PrivateKey),
}

impl Signer {
    /// The `sign_type` that this signer writes.
    pub fn sign_type(&self) -> SignType {
        match self {
            Signer::Md5(_) => SignType::Md5,
            Signer::Rsa(_) => SignType::Rsa,
            Signer::Rsa2(_) => SignType::Rsa2,
        }
    }

    /// Signs a form under a rule: sets `sign_type`, then `sign`.
    ///
    /// For requests the rule is [`Rule::DropEmpty`] at the legacy gateway and [`Rule::Request`] at
    /// the Open Platform, which refuses requests with empty values.
    ///
    /// # Errors
    /// [`KeyError::SigningFailed`]; the form then has no `sign`.
    pub fn sign_form(&self, form: &mut Form, rule: Rule) -> Result<(), KeyError> {
        form.remove("sign");
        form.set("sign_type", self.sign_type().name());
        let content = canonical(form, rule, &[]);
        let signature = match self {
            Signer::Md5(key) => md5_sign(key, &content),
            Signer::Rsa(key) | Signer::Rsa2(key) => key.sign(self.sign_type(), &content)?,
        };
        form.set("sign", signature);
        Ok(())
    }
}

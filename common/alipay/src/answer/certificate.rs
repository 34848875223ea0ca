//! The answer to `alipay.open.app.alipaycert.download`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::AnswerError;
use super::error::not_an_answer;
use super::json::{GatewayOutcome, SignedNode};
use crate::{Certificate, CertificateError, Charset, RootCertificates};

/// A certificate that was asked for by its number, not yet trusted.
///
/// The answer may be signed under the very certificate that is in it. So its signature is not looked
/// at, as in Alipay's own SDKs: what is inside is worth what [`CertificateAnswer::trusted`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateAnswer {
    certificate: Certificate,
}

impl CertificateAnswer {
    /// Reads the body of an answer, byte for byte as it was received.
    ///
    /// # Errors
    /// [`AnswerError::Refused`], and [`AnswerError::NotAnAnswer`] where no certificate is inside.
    pub fn read(body: &[u8], charset: Charset) -> Result<CertificateAnswer, AnswerError> {
        let name = "alipay_open_app_alipaycert_download_response";
        let node = SignedNode::read_unverified(body, name, charset)?;
        match node.unverified_outcome()? {
            GatewayOutcome::Success => {}
            GatewayOutcome::NotExist => return Err(node.refusal()),
        }
        let none = || not_an_answer("it has no certificate");
        // The text of the file, as base64 once more.
        let content = node.fields.get("alipay_cert_content").ok_or_else(none)?;
        let pem = STANDARD.decode(content).ok().and_then(|pem| String::from_utf8(pem).ok());
        let pem = pem.ok_or_else(none)?;
        let certificate = Certificate::read(&pem).map_err(|_| none())?;
        Ok(CertificateAnswer { certificate })
    }

    /// The certificate, provided that it has the number that was asked for and was issued by one of
    /// the roots.
    ///
    /// # Errors
    /// [`CertificateError`]: it is another one ([`CertificateError::OtherNumber`]), or nobody who is
    /// trusted issued it. Its time is not looked at: [`Certificate::check_time`].
    pub fn trusted(
        self,
        sn: &str,
        roots: &RootCertificates,
    ) -> Result<Certificate, CertificateError> {
        if self.certificate.sn() != sn {
            let (asked, sn) = (sn.to_owned(), self.certificate.sn().to_owned());
            return Err(CertificateError::OtherNumber { asked, sn });
        }
        roots.check_issuer(&self.certificate)?;
        Ok(self.certificate)
    }
}

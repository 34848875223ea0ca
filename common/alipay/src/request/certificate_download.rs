//! `alipay.open.app.alipaycert.download`: a certificate of Alipay by its number.

use chrono::{DateTime, Utc};

use super::{Application, openapi};
use crate::{Charset, Form, KeyError, Signer};

/// The request for a certificate of Alipay that is not configured yet.
/// [`CertificateAnswer`](crate::CertificateAnswer) reads the answer.
#[derive(Debug)]
pub struct CertificateDownload;

impl CertificateDownload {
    /// The request; `sn` is the `alipay_cert_sn` of an answer.
    ///
    /// # Errors
    /// [`KeyError::SigningFailed`], also for a number that the charset cannot write.
    pub fn openapi<'a>(
        application: impl Into<Application<'a>>,
        sn: &str,
        charset: Charset,
        at: DateTime<Utc>,
        signer: &Signer,
    ) -> Result<Form, KeyError> {
        let content = openapi::texts(&[("alipay_cert_sn", sn)]);
        let method = "alipay.open.app.alipaycert.download";
        openapi::request(method, application, charset, at, &[], &content, signer)
    }
}

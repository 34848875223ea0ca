//! `alipay.open.app.alipaycert.download`.

use alipay::{Certificate, CertificateAnswer, CertificateDownload, Protocol};
use chrono::Utc;
use config::Merchant;

use crate::credentials::{Credentials, address, offered};
use crate::{Gateway, GatewayError};

impl Gateway {
    /// Asks for a certificate of Alipay by its number, the `alipay_cert_sn` of an answer, and checks
    /// that one of the merchant's roots issued it.
    ///
    /// # Errors
    /// [`GatewayError`]; [`GatewayError::NoKey`] where the merchant is not in certificate mode, and
    /// [`GatewayError::Certificate`] for one that no root has issued.
    pub async fn certificate(
        &self,
        merchant: &Merchant,
        sn: &str,
    ) -> Result<Certificate, GatewayError> {
        let method = "alipay.open.app.alipaycert.download";
        offered(merchant, Protocol::Openapi, method)?;
        let Some(roots) = &merchant.alipay_root_cert else {
            let merchant = merchant.name.clone();
            return Err(GatewayError::NoKey { merchant, key: "alipay_root_cert" });
        };
        let Credentials { application, charset, signer, .. } = Credentials::of(merchant)?;
        let form = CertificateDownload::openapi(application, sn, charset, Utc::now(), &signer)?;
        let body = self.read(address(merchant)?, form.encode()).await?;
        let answer = CertificateAnswer::read(&body, charset)?;
        answer.trusted(sn, roots).map_err(GatewayError::Certificate)
    }
}

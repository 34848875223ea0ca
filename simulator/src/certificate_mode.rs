//! What is different at an account in certificate mode. (docs/protocol.md §11.4)

use alipay::{Certificate, Form, PrivateKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use crate::AccountError;

/// The certificates of both sides.
#[derive(Debug, Clone)]
pub(crate) struct CertificateMode {
    /// The application's, as it was uploaded to Alipay.
    app: Option<Certificate>,
    /// What requests must call the roots.
    root_sn: String,
    /// The certificate of the key that answers are signed with.
    alipay_sn: Option<String>,
    /// Alipay's certificates that can be downloaded: number and PEM text.
    downloads: Vec<(String, String)>,
}

/// A refusal of the gateway: the code and what it means.
type Refusal = (&'static str, &'static str);

impl CertificateMode {
    /// The mode of a merchant that has configured roots: Alipay's certificate is the one of its
    /// private key.
    pub(crate) fn of(
        configured: &config::Merchant,
        private_key: Option<&PrivateKey>,
    ) -> Option<CertificateMode> {
        let roots = configured.alipay_root_cert.as_ref()?;
        let key = private_key.map(PrivateKey::public_key);
        let mut certificates = configured.public_keys.iter().filter_map(|key| key.certificate());
        let ours = certificates.find(|certificate| Some(certificate.public_key()) == key);
        Some(CertificateMode {
            app: configured.app_cert.clone(),
            root_sn: roots.sn().to_owned(),
            alipay_sn: ours.map(|certificate| certificate.sn().to_owned()),
            downloads: Vec::new(),
        })
    }

    /// Takes Alipay's certificates, PEM: the one of its private key goes along with answers, and each
    /// can be downloaded.
    pub(crate) fn take(
        &mut self,
        files: &[String],
        private_key: Option<&PrivateKey>,
    ) -> Result<(), AccountError> {
        let key = private_key.map(PrivateKey::public_key);
        self.alipay_sn = None;
        for pem in files {
            let certificate = Certificate::read(pem).map_err(AccountError::Certificate)?;
            if Some(certificate.public_key()) == key {
                self.alipay_sn = Some(certificate.sn().to_owned());
            }
            self.downloads.push((certificate.sn().to_owned(), pem.clone()));
        }
        match self.alipay_sn {
            Some(_) => Ok(()),
            None => Err(AccountError::NotOurCertificate),
        }
    }

    /// What goes along with answers.
    pub(crate) fn alipay_sn(&self) -> Option<&str> {
        self.alipay_sn.as_deref()
    }

    /// Whether a request names the right certificates.
    pub(crate) fn check(&self, form: &Form, at: DateTime<Utc>) -> Result<(), Refusal> {
        let named = |name: &str| form.get(name).filter(|value| !value.is_empty());
        let app =
            named("app_cert_sn").ok_or(("isv.missing-app-cert-sn", "缺少应用公钥证书序列号"))?;
        let root = named("alipay_root_cert_sn")
            .ok_or(("isv.missing-alipay-root-cert-sn", "缺少支付宝根证书序列号"))?;
        let ours = self.app.as_ref().filter(|ours| ours.sn().as_bytes() == app);
        let ours = ours.ok_or(("isv.app-cert-not-exist", "应用公钥证书不存在"))?;
        if ours.check_time(at).is_err() {
            return Err(("isv.app-cert-expired", "应用公钥证书已过期"));
        }
        if root != self.root_sn.as_bytes() {
            return Err(("isv.invalid-alipay-root-cert-sn", "无效支付宝根证书序列号"));
        }
        Ok(())
    }

    /// `alipay_cert_content`: the file of one of Alipay's certificates, in base64 once more.
    pub(crate) fn download(&self, sn: &str) -> Option<String> {
        let (_, pem) = self.downloads.iter().find(|(own, _)| own == sn)?;
        Some(STANDARD.encode(pem))
    }
}

//! `ops certs download`

use clap::Args;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::certificates::download;

/// Download a certificate of Alipay by its serial number
///
/// Use it when Alipay signs with another certificate: answers are then refused as unknown_certificate, with the
/// number. Calls alipay.open.app.alipaycert.download, checks that one of the merchant's roots issued the
/// certificate, and prints it as PEM. Changes nothing: save it to a file, add the file to alipay_public_keys_file
/// beside the present one, and send SIGHUP to ingress and workers.
///
/// Exits with 1 if Alipay has no such certificate or no root issued the received one, and with 3 if the gateway did
/// not answer.
///
/// Example: ops certs download --merchant shop --sn 6f1e366a31d9575cd546914add04f4af > new.crt
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CertDownloadArgs {
    /// Name of the merchant in the configuration
    #[arg(long, value_name = "NAME")]
    merchant: String,
    /// The certificate's serial number (alipay_cert_sn)
    #[arg(long, value_parser = parse_sn)]
    sn: String,
}

impl CertDownloadArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let certificate = download(context, &self.merchant, &self.sn)?;
        context.output.print(&certificate, || certificate.pem.clone())
    }
}

/// 32 hex digits.
fn parse_sn(text: &str) -> Result<String, String> {
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("expected 32 hex digits, the alipay_cert_sn of an answer".to_owned())
    }
}

//! `ops certs download`

use clap::Args;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::certificates::download;

/// Fetch a certificate of Alipay by its number
///
/// For the day on which Alipay signs under another certificate: answers are refused as unknown_certificate, with
/// the number. Calls alipay.open.app.alipaycert.download, checks that one of the merchant's roots issued what
/// comes, and prints it as PEM. Changes nothing: put it into a file, add that to alipay_public_keys_file beside the
/// one that is there, and send SIGHUP to ingress and workers.
///
/// Ends with 1 when Alipay has no such certificate, or one came that no root issued, and with 3 when the gateway
/// could not be asked.
///
/// Example: ops certs download --merchant shop --sn 6f1e366a31d9575cd546914add04f4af > new.crt
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CertDownloadArgs {
    /// Name of the merchant in the configuration
    #[arg(long, value_name = "NAME")]
    merchant: String,
    /// The certificate's number (alipay_cert_sn)
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

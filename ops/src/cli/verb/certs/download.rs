//! `ops certs download`

use chrono::Utc;
use clap::Args;
use gateway::GatewayError;
use serde::Serialize;
use store::BeijingTime;
use tracing::warn;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::gateway_answer::could_not_ask;

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

#[derive(Serialize)]
struct DownloadedCertificate<'a> {
    merchant: &'a str,
    sn: &'a str,
    subject: &'a str,
    issuer: &'a str,
    not_before: BeijingTime,
    not_after: BeijingTime,
    /// The certificate and those of its issuers.
    pem: String,
}

impl CertDownloadArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let merchant = context.merchant(&self.merchant)?;
        let asked = context
            .block_on(async { Ok(context.gateway().certificate(merchant, &self.sn).await) })?;
        let certificate = asked.map_err(|error| match error {
            GatewayError::Answer(alipay::AnswerError::Refused { .. })
            | GatewayError::Certificate(_) => Failure::Refused(error.to_string()),
            error => could_not_ask(&error),
        })?;
        if let Err(error) = certificate.check_time(Utc::now()) {
            warn!("{error}: it verifies nothing now");
        }
        if merchant.public_keys.iter().any(|key| key.certificate() == Some(&certificate)) {
            warn!("merchants.{} has this certificate already", merchant.name);
        }
        let answer = DownloadedCertificate {
            merchant: &merchant.name,
            sn: certificate.sn(),
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            not_before: BeijingTime(certificate.not_before()),
            not_after: BeijingTime(certificate.not_after()),
            pem: certificate
                .pem()
                .map_err(|error| Failure::Refused(format!("the certificate: {error}")))?,
        };
        context.output.print(&answer, || answer.pem.clone())
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

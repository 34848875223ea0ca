//! TLS to the broker: trusted authorities, client certificate, and what its errors mean.

use std::sync::Arc;

use config::ClientCertificate;
use service::connect_failure::certificate_problem;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{AlertDescription, ClientConfig, Error, RootCertStore, crypto};

/// A configuration that trusts `authorities`, and only them; without any, those that the operating
/// system trusts. The error says which key of the configuration is wrong, and why.
pub(super) fn config(
    authorities: Option<&[CertificateDer<'static>]>,
    client: Option<&ClientCertificate>,
) -> Result<Arc<ClientConfig>, (&'static str, String)> {
    let roots = match authorities {
        Some(authorities) => named(authorities).map_err(|reason| ("amqp.ca_file", reason))?,
        None => platform().map_err(|reason| ("amqp.ca_file", reason))?,
    };
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ("amqp.url", error.to_string()))?
        .with_root_certificates(roots);
    let config = match client {
        Some(ClientCertificate { chain, key }) => config
            .with_client_auth_cert(chain.clone(), key.clone_key())
            .map_err(|error| match error {
                Error::InconsistentKeys(_) => {
                    let reason = "is not the key of amqp.client_cert_file";
                    ("amqp.client_key_file", reason.to_owned())
                }
                error => ("amqp.client_cert_file", error.to_string()),
            })?,
        None => config.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn named(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone()).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

fn platform() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable > 0 {
        return Ok(roots);
    }
    let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
    Err(format!(
        "is not set, and this system names no authorities that it trusts{why}: set it, or install \
         the system's (Debian: ca-certificates)"
    ))
}

/// What went wrong with TLS, and what to do about it. `None` when it was not TLS.
pub(super) fn explain(error: &std::io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(wrong) => certificate_problem(wrong, "broker", "amqp"),
        Error::InvalidMessage(_) => {
            "what listens there does not speak TLS: amqps has a port of its own, mostly 5671 \
             (amqp:// is plain text)"
                .to_owned()
        }
        Error::AlertReceived(alert) => refused(*alert),
        error => format!("TLS: {error}"),
    })
}

fn refused(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "the broker requires a client certificate: set amqp.client_cert_file and \
             amqp.client_key_file"
                .to_owned()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::AccessDenied => format!(
            "the broker refuses the certificate of amqp.client_cert_file ({alert:?}): it has to be \
             from an authority that the broker's ssl_options.cacertfile names, and valid today"
        ),
        AlertDescription::HandshakeFailure => {
            "the broker refuses the handshake (HandshakeFailure): probably it requires a client \
             certificate (amqp.client_cert_file and amqp.client_key_file), or has no TLS 1.2 or 1.3"
                .to_owned()
        }
        alert => format!("the broker refuses TLS ({alert:?}); its log says why"),
    }
}

/// The line ended when TLS was there and AMQP was not: with TLS 1.3 a server checks a client's
/// certificate after the client's handshake.
pub(super) fn ended(error: &lapin::Error) -> String {
    format!(
        "the broker closed the connection after the TLS handshake ({error}): probably it requires a client \
         certificate (amqp.client_cert_file and amqp.client_key_file) from an authority that its \
         ssl_options.cacertfile names; its log says why"
    )
}

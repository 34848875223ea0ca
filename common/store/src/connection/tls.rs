//! What an error of TLS means, and what to do about it.

use std::io;

use tokio_rustls::rustls::{CertificateError, Error};

/// What went wrong with TLS. `None` when it was not TLS.
pub(super) fn explain(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(wrong) => certificate(wrong),
        Error::InvalidMessage(_) => "what listens there does not speak TLS".to_owned(),
        error => format!("TLS: {error}"),
    })
}

fn certificate(wrong: &CertificateError) -> String {
    match wrong {
        CertificateError::UnknownIssuer => {
            "the database's certificate is not from an authority that this program trusts: name \
             the database's authority in database.ca_file"
                .to_owned()
        }
        CertificateError::NotValidForName => {
            "the database's certificate is for another name: take a name of the certificate in \
             database.url, or give the database a certificate for this one"
                .to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } => format!(
            "the database's certificate is for another name ({}): take a name of the certificate \
             in database.url, or give the database a certificate for this one",
            presented.join(", ")
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the database's certificate has ended: renew it on the database (or this machine's \
             clock is wrong)"
                .to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the database's certificate is not valid yet: is this machine's clock right?".to_owned()
        }
        wrong => format!("the database's certificate cannot be used: {wrong}"),
    }
}

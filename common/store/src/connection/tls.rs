//! Explains TLS errors and what to do about them.

use std::io;

use service::connect_failure::certificate_problem;
use tokio_rustls::rustls::Error;

/// What went wrong with TLS. `None` when it was not TLS.
pub(super) fn explain(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(wrong) => certificate_problem(wrong, "database", "database"),
        Error::InvalidMessage(_) => "what listens there does not speak TLS".to_owned(),
        error => format!("TLS: {error}"),
    })
}

//! Who asks the Open Platform.

use std::fmt;

use crate::{Certificate, Form, RootCertificates};

/// An application, with what goes along with each of its requests. A bare `app_id` is one in public
/// key mode.
#[derive(Clone, Copy)]
pub struct Application<'a> {
    /// `app_id`.
    pub app_id: &'a str,
    /// Certificate mode: the application's certificate and the roots, whose numbers are sent as
    /// `app_cert_sn` and `alipay_root_cert_sn`.
    pub certificates: Option<(&'a Certificate, &'a RootCertificates)>,
    /// Provider mode: `app_auth_token`, by which a merchant lets this application act for it.
    pub auth_token: Option<&'a str>,
}

impl Application<'_> {
    /// Adds what goes along.
    pub(super) fn add_to(&self, form: &mut Form) {
        form.set("app_id", self.app_id);
        if let Some((certificate, roots)) = self.certificates {
            form.set("app_cert_sn", certificate.sn());
            form.set("alipay_root_cert_sn", roots.sn());
        }
        // The gateway refuses empty values.
        if let Some(token) = self.auth_token.filter(|token| !token.is_empty()) {
            form.set("app_auth_token", token);
        }
    }
}

impl<'a> From<&'a str> for Application<'a> {
    fn from(app_id: &'a str) -> Application<'a> {
        Application { app_id, certificates: None, auth_token: None }
    }
}

impl<'a> From<&'a String> for Application<'a> {
    fn from(app_id: &'a String) -> Application<'a> {
        Application::from(app_id.as_str())
    }
}

/// Without the token: anyone who has it and a key can act for the merchant.
impl fmt::Debug for Application<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

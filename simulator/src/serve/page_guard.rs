//! Checks the host name of a request, and where a form comes from.

use axum::extract::Request;
use axum::http::StatusCode;
use service::guard::{Foreign, OriginGuard, WrongName};

use super::gateway;

/// Names of the simulator's pages. A page of another site must not pay trades in the browser of a person who has
/// both open.
#[derive(Debug, Clone)]
pub struct PageGuard(OriginGuard);

impl PageGuard {
    /// These besides `localhost` and addresses: `NAME` for `https://NAME`, or with scheme and port.
    ///
    /// # Errors
    /// [`WrongName`].
    pub fn new(names: &[String]) -> Result<PageGuard, WrongName> {
        Ok(PageGuard(OriginGuard::new(names, true)?.for_programs_too()))
    }

    /// The gateway is for programs, and for buyers whom a shop's page sends; what it does is signed.
    pub(super) fn check(&self, request: &Request) -> Result<(), (StatusCode, &'static str)> {
        if request.uri().path() == gateway::PATH {
            return Ok(());
        }
        self.0.check(request).map_err(|foreign| match foreign {
            Foreign::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "the simulator is not known by this name (Host): use its address, or serve --host NAME",
            ),
            Foreign::Sender => (StatusCode::FORBIDDEN, "nothing was done: the form comes from another site"),
        })
    }
}

impl Default for PageGuard {
    fn default() -> PageGuard {
        PageGuard(OriginGuard::addresses().for_programs_too())
    }
}

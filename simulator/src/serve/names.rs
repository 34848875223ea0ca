//! By which names browsers know the pages, and which forms come from them.

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use service::guard::{Foreign, Guard, WrongName};

use super::gateway;

/// Names of the simulator's pages. A page of another site must not pay trades in the browser of whoever has
/// both open.
#[derive(Debug, Clone)]
pub struct Names(Guard);

impl Names {
    /// These besides `localhost` and addresses: `NAME` for `https://NAME`, or with scheme and port.
    ///
    /// # Errors
    /// [`WrongName`].
    pub fn new(names: &[String]) -> Result<Names, WrongName> {
        Ok(Names(Guard::new(names, true)?.for_programs_too()))
    }

    /// The gateway is for programs, and for buyers whom a shop's page sends; what it does is signed.
    pub(super) fn check(&self, request: &Request) -> Result<(), (StatusCode, &'static str)> {
        if request.uri().path() == gateway::PATH {
            return Ok(());
        }
        let mut checked = self.0.check_host(request.headers(), request.uri());
        if request.method() == Method::POST {
            checked = checked.and_then(|()| self.0.check_sender(request.headers()));
        }
        checked.map_err(|foreign| match foreign {
            Foreign::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "the simulator is not known by this name (Host): use its address, or serve --host NAME",
            ),
            Foreign::Sender => (StatusCode::FORBIDDEN, "nothing was done: the form comes from another site"),
        })
    }
}

impl Default for Names {
    fn default() -> Names {
        Names(Guard::addresses().for_programs_too())
    }
}

//! Why a request is not made.

use std::borrow::Cow;

use crate::KeyError;
use crate::notification_form::holds_parameters;

/// Why a request is not made: the gateway would refuse it, or do something that was not meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A value breaks a rule of Alipay's table.
    #[error("{parameter} {problem}")]
    Invalid {
        /// The parameter.
        parameter: Cow<'static, str>,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The request cannot be signed, or a value not be written in its charset.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// An error unless the condition holds.
pub(super) fn require(
    holds: bool,
    parameter: &'static str,
    problem: &'static str,
) -> Result<(), RequestError> {
    if holds { Ok(()) } else { Err(RequestError::Invalid { parameter: parameter.into(), problem }) }
}

/// An error for a text that could be read as several parameters: Alipay signs values as they are,
/// and brings many of them back with its notifications.
pub(super) fn require_one_reading(parameter: &str, text: &str) -> Result<(), RequestError> {
    if !holds_parameters(text.as_bytes()) {
        return Ok(());
    }
    let problem = "has &name= in it: Alipay signs values unescaped, so that text could be read as \
                   another parameter";
    Err(RequestError::Invalid { parameter: parameter.to_owned().into(), problem })
}

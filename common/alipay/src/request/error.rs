//! Why a request is not made.

use crate::KeyError;

/// Why a request is not made: the gateway would refuse it, or do something that nobody meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A value breaks a rule of Alipay's table.
    #[error("{parameter} {problem}")]
    Invalid {
        /// The parameter.
        parameter: &'static str,
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
    if holds { Ok(()) } else { Err(RequestError::Invalid { parameter, problem }) }
}

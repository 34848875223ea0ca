//! What every verb needs.

use std::ops::Deref;

use config::Config;

use crate::cli::output::Output;
use crate::operations::access::Access;

/// How to reach everything, and the form of the output.
pub(crate) struct Context {
    access: Access,
    pub(crate) output: Output,
}

impl Context {
    pub(crate) fn new(config: Config, output: Output) -> Context {
        Context { access: Access::new(config), output }
    }
}

/// Operations take the [`Access`].
impl Deref for Context {
    type Target = Access;

    fn deref(&self) -> &Access {
        &self.access
    }
}

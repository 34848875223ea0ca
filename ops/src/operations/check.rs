//! Tests a configuration against the servers and the running programs.

pub(crate) mod merchants;
pub(crate) mod running;
pub(crate) mod servers;

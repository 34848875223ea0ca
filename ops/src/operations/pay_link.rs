//! The signed link with which a buyer pays.

pub(crate) mod browser;
pub(crate) mod limit;

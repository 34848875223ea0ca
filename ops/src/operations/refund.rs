//! Refunds that an operator asks for.

pub(crate) mod ask_workers;
pub(crate) mod books;
pub(crate) mod call;
pub(crate) mod equal;
pub(crate) mod find_or_create;
pub(crate) mod not_agreed;
pub(crate) mod password;
pub(crate) mod refundable;
pub(crate) mod rejected;

//! Codes that come in: what a file of codes holds, and how it is put into the stock.

pub(crate) mod code_file;
pub(crate) mod code_text;
pub(crate) mod file_kind;
pub(crate) mod intake;
pub(crate) mod odd_lines;

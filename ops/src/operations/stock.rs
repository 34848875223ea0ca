//! Codes that come in and go out: what a file of codes holds, how it is put into the stock, and how codes are taken out,
//! put back, and sold again.

pub(crate) mod code_file;
pub(crate) mod code_text;
pub(crate) mod file_kind;
pub(crate) mod find;
pub(crate) mod import;
pub(crate) mod intake;
pub(crate) mod odd_lines;
pub(crate) mod resell;
pub(crate) mod withdraw;

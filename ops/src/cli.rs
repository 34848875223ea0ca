//! The command line: arguments, questions to the operator, and results as text or JSON.

pub(crate) mod closed_set;
pub(crate) mod context;
pub(crate) mod help;
pub(crate) mod operator;
pub(crate) mod order_text;
pub(crate) mod output;
pub(crate) mod question;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod time_args;
pub(crate) mod verb;

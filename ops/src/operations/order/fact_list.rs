//! Facts as people and scripts read them.

use std::fmt;

use order::Facts;
use serde::{Serialize, Serializer};

/// A set of facts that is shown as a list of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FactList(pub(crate) Facts);

impl FactList {
    /// Reads a comma-separated column.
    pub(crate) fn from_column(column: &str) -> FactList {
        FactList(Facts::from_column(column))
    }
}

impl Serialize for FactList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let column = self.0.to_column();
        serializer.collect_seq(column.split(',').filter(|name| !name.is_empty()))
    }
}

/// The names, separated by `, `.
impl fmt::Display for FactList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_column().replace(',', ", "))
    }
}

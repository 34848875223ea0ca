//! A range of order numbers.

/// All order numbers from `from` to `to`, both included, in byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdRange {
    /// The first.
    pub from: String,
    /// The last.
    pub to: String,
}

impl IdRange {
    /// Every order number.
    pub fn all() -> IdRange {
        // The greatest possible key: as many bytes of the greatest value in UTF-8 as a key may hold.
        IdRange { from: String::new(), to: "\u{10FFFF}".repeat(16) }
    }

    /// One order number.
    pub fn one(id: &str) -> IdRange {
        IdRange { from: id.to_owned(), to: id.to_owned() }
    }

    /// Removes the part up to `last` from the range, and returns it.
    pub fn take_until(&mut self, last: &str) -> IdRange {
        // The smallest key that is greater in byte order.
        let next = format!("{last}\0");
        IdRange { from: std::mem::replace(&mut self.from, next), to: last.to_owned() }
    }
}

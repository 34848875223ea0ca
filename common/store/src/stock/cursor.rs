//! Where the available codes of a product begin, as far as one connection knows.
//!
//! A code that is sold leaves a deleted entry in the index of available codes until the server purges it, and codes that
//! other transactions give away at this moment are locked. A search from the beginning passes all of them: at a thousand
//! sales a second that took longer than any other statement of a batch. So a search begins behind the last code that
//! this connection has given away, and once in [`VALID_FOR`] at the beginning, where codes may have come back:
//! resold, put back, or left by a transaction that was rolled back.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a search begins behind the last code, before it begins at the first one again.
const VALID_FOR: Duration = Duration::from_secs(1);

/// One cursor a product.
#[derive(Debug, Default)]
pub(crate) struct StockCursors(BTreeMap<String, StockCursor>);

#[derive(Debug)]
struct StockCursor {
    /// `stock_item.id`.
    last: i64,
    /// The last search from the beginning.
    searched_all: Instant,
}

impl StockCursors {
    /// The id behind which the next search begins; `None`: at the beginning.
    pub(crate) fn start(&self, product_id: &str, now: Instant) -> Option<i64> {
        let cursor = self.0.get(product_id)?;
        let is_valid = now.saturating_duration_since(cursor.searched_all) < VALID_FOR;
        is_valid.then_some(cursor.last)
    }

    /// A search ended at `last`. `began_behind` is where it began.
    pub(crate) fn advance(
        &mut self,
        product_id: &str,
        began_behind: Option<i64>,
        last: Option<i64>,
        now: Instant,
    ) {
        let Some(last) = last else {
            // Nothing is there: the next code, which may be a resold one, is looked for everywhere.
            self.0.remove(product_id);
            return;
        };
        match self.0.get_mut(product_id) {
            Some(cursor) if began_behind.is_some() => cursor.last = last,
            _ => {
                let cursor = StockCursor { last, searched_all: now };
                self.0.insert(product_id.to_owned(), cursor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_begins_behind_the_last_code_for_a_second() {
        let mut cursors = StockCursors::default();
        let began = Instant::now();
        assert_eq!(cursors.start("P", began), None);
        cursors.advance("P", None, Some(7), began);
        let soon = began + Duration::from_millis(900);
        assert_eq!(cursors.start("P", soon), Some(7));
        assert_eq!(cursors.start("other", soon), None);
        cursors.advance("P", Some(7), Some(9), soon);
        assert_eq!(cursors.start("P", soon), Some(9));
        let later = began + VALID_FOR;
        assert_eq!(cursors.start("P", later), None, "a later search does not prolong it");
        cursors.advance("P", None, Some(3), later);
        assert_eq!(cursors.start("P", later), Some(3));
    }

    #[test]
    fn without_a_code_the_next_search_begins_at_the_beginning() {
        let mut cursors = StockCursors::default();
        let now = Instant::now();
        cursors.advance("P", None, Some(7), now);
        cursors.advance("P", None, None, now);
        assert_eq!(cursors.start("P", now), None);
    }
}

//! Every state that an order can be in, for tests that compare SQL with the types of `order`.

use std::collections::BTreeSet;

use order::{Facts, OrderState, Trade};

/// The columns of each: `status`, `trade_status`, `is_finish`.
pub(crate) fn states() -> BTreeSet<(i16, i16, bool)> {
    let mut states = BTreeSet::new();
    for facts in (0..=Facts::all().bits()).filter_map(Facts::from_bits) {
        for expired in [false, true] {
            let trade = Trade { facts, ..Trade::new("1") };
            let state = OrderState::of([&trade].into_iter(), expired);
            states.insert((state.status.code(), state.trade_status.code(), state.is_finish));
        }
    }
    states
}

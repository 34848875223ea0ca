//! The statements of each table.
//!
//! Not DSL: FORCE INDEX keeps the walk on the primary key, and keys come as one JSON parameter.

use super::PrunedTable;

/// The statements of one table. A key goes in and out as text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statements {
    /// Below every key.
    pub(super) first_key: &'static str,
    /// The keys are numbers that grow with time.
    pub(super) keys_are_numbers: bool,
    /// Behind a key, at most so many: the next keys, each with a time that no row of it is older than.
    pub(super) stretch: &'static str,
    /// Behind a key, up to another, older than a time: the rows that nothing needs any more. Key, time, and whether it tells of
    /// a payment that no order took.
    pub(super) old: &'static str,
    /// Keys as JSON, older than a time.
    pub(super) delete: &'static str,
    /// Keys as JSON: what belonged to those of which the row is gone.
    pub(super) delete_belongings: Option<&'static str>,
}

pub(super) fn of(table: PrunedTable) -> Statements {
    match table {
        PrunedTable::Notification => NOTIFICATION,
        PrunedTable::Outbox => OUTBOX,
        PrunedTable::GatewayAnswer => GATEWAY_ANSWER,
        PrunedTable::OrderExpired => ORDER_EXPIRED,
        PrunedTable::Redelivery => REDELIVERY,
        PrunedTable::DeadLetter => DEAD_LETTER,
    }
}

/// A statement that takes only what belongs to no order that is under way.
macro_rules! of_orders_that_are_over {
    ($statement:expr) => {
        concat!($statement, include_str!("order_is_over.sql"))
    };
}

const NOTIFICATION: Statements = Statements {
    first_key: "0",
    keys_are_numbers: true,
    stretch: "SELECT CAST(x.id AS CHAR), x.first_seen FROM notification AS x FORCE INDEX (PRIMARY) \
        WHERE x.id > CAST(? AS SIGNED) ORDER BY x.id LIMIT ?",
    old: of_orders_that_are_over!(include_str!("notification.sql")),
    delete: "DELETE x FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k \
        STRAIGHT_JOIN notification AS x FORCE INDEX (PRIMARY) ON x.id = k.id \
        WHERE x.last_seen < ? AND x.dead_since IS NULL",
    delete_belongings: None,
};

/// An event is written when its order comes to show it, so a repeat of an old message writes none. The unique key that a
/// removed row leaves is needed by nobody.
const OUTBOX: Statements = Statements {
    first_key: "0",
    keys_are_numbers: true,
    stretch: "SELECT CAST(x.id AS CHAR), x.created_at FROM outbox AS x FORCE INDEX (PRIMARY) \
        WHERE x.id > CAST(? AS SIGNED) ORDER BY x.id LIMIT ?",
    old: of_orders_that_are_over!(
        "SELECT CAST(x.id AS CHAR), x.published_at, FALSE FROM outbox AS x FORCE INDEX (PRIMARY) \
        WHERE x.id > CAST(? AS SIGNED) AND x.id <= CAST(? AS SIGNED) AND x.published_at < ?\n"
    ),
    delete: "DELETE x FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k \
        STRAIGHT_JOIN outbox AS x FORCE INDEX (PRIMARY) ON x.id = k.id WHERE x.published_at < ?",
    delete_belongings: None,
};

/// An answer in the queue counts while its row is there.
const GATEWAY_ANSWER: Statements = Statements {
    first_key: "",
    keys_are_numbers: false,
    stretch: "SELECT x.order_id, MIN(x.written_at) FROM gateway_answer AS x FORCE INDEX (PRIMARY) \
        WHERE x.order_id > ? GROUP BY x.order_id ORDER BY x.order_id LIMIT ?",
    old: of_orders_that_are_over!(
        "SELECT x.order_id, x.written_at, FALSE FROM gateway_answer AS x FORCE INDEX (PRIMARY) \
        WHERE x.order_id > ? AND x.order_id <= ? AND x.written_at < ?\n"
    ),
    delete: "DELETE x FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k \
        STRAIGHT_JOIN gateway_answer AS x FORCE INDEX (PRIMARY) ON x.order_id = k.id WHERE x.written_at < ?",
    delete_belongings: None,
};

/// What the row said stands in the order.
const ORDER_EXPIRED: Statements = Statements {
    first_key: "",
    keys_are_numbers: false,
    stretch: "SELECT x.order_id, MIN(x.written_at) FROM order_expired AS x FORCE INDEX (PRIMARY) \
        WHERE x.order_id > ? GROUP BY x.order_id ORDER BY x.order_id LIMIT ?",
    old: of_orders_that_are_over!(
        "SELECT x.order_id, x.ended_at, FALSE FROM order_expired AS x FORCE INDEX (PRIMARY) \
        WHERE x.order_id > ? AND x.order_id <= ? AND x.ended_at < ?\n"
    ),
    delete: "DELETE x FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k \
        STRAIGHT_JOIN order_expired AS x FORCE INDEX (PRIMARY) ON x.order_id = k.id WHERE x.ended_at < ?",
    delete_belongings: None,
};

/// The message was never seen again: its queue was emptied, or its worker died after the work was done.
const REDELIVERY: Statements = Statements {
    first_key: "",
    keys_are_numbers: false,
    stretch: "SELECT x.message_id, x.last_seen FROM redelivery AS x FORCE INDEX (PRIMARY) \
        WHERE x.message_id > ? ORDER BY x.message_id LIMIT ?",
    old: of_orders_that_are_over!(
        "SELECT x.message_id, x.last_seen, FALSE FROM redelivery AS x FORCE INDEX (PRIMARY) \
        WHERE x.message_id > ? AND x.message_id <= ? AND x.last_seen < ?\n"
    ),
    delete: "DELETE x FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k \
        STRAIGHT_JOIN redelivery AS x FORCE INDEX (PRIMARY) ON x.message_id = k.id WHERE x.last_seen < ?",
    delete_belongings: None,
};

/// Who did what with a letter stands in `dead_letter_audit`, with the body of a discarded one.
const DEAD_LETTER: Statements = Statements {
    first_key: "",
    keys_are_numbers: false,
    stretch: "SELECT x.message_id, x.changed_at FROM dead_letter AS x FORCE INDEX (PRIMARY) \
        WHERE x.message_id > ? ORDER BY x.message_id LIMIT ?",
    old: of_orders_that_are_over!(
        "SELECT x.message_id, x.changed_at, FALSE FROM dead_letter AS x FORCE INDEX (PRIMARY) \
        WHERE x.message_id > ? AND x.message_id <= ? AND x.changed_at < ? AND x.state <> 'waiting'\n"
    ),
    delete: "DELETE x FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k \
        STRAIGHT_JOIN dead_letter AS x FORCE INDEX (PRIMARY) ON x.message_id = k.id \
        WHERE x.changed_at < ? AND x.state <> 'waiting'",
    delete_belongings: Some(
        "DELETE b FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k \
        STRAIGHT_JOIN dead_letter_body AS b FORCE INDEX (PRIMARY) ON b.message_id = k.id \
        LEFT JOIN dead_letter AS x FORCE INDEX (PRIMARY) ON x.message_id = b.message_id WHERE x.message_id IS NULL",
    ),
};

//! Why nothing is lost where a value is longer than its column: for every column of text.

/// Why nothing is lost without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A word or a hash that our programs choose, shorter than the column.
    Ours,
    /// A number that was checked to have 1 to 64 bytes before (`alipay::Parameters::number`, `parse_id` of ops, the
    /// names of the configuration).
    Checked,
    /// What is longer is an error: the message becomes a dead letter `unusable_data`, the verb says so.
    Refused,
    /// An explanation, cut by our programs and marked.
    Explained,
    /// Kept whole, up to the limit of a message.
    Whole,
}

use Bound::{Checked, Explained, Ours, Refused, Whole};

pub(crate) const COLUMNS: &[(&str, &[(&str, Bound)])] = &[
    // Texts of `ops notify`, each cut to some hundred characters.
    ("alarm", &[("cause", Ours), ("content", Ours)]),
    (
        "alarm_message",
        &[("channel", Checked), ("cause", Ours), ("content", Ours), ("error", Explained)],
    ),
    (
        "worker_heartbeat",
        &[("worker", Ours), ("host", Ours), ("version", Ours), ("trouble", Explained)],
    ),
    (
        "amendment",
        &[
            ("order_id", Checked),
            // Four terms of ours.
            ("before", Ours),
            ("after", Ours),
            ("reason", Refused),
            ("replay", Checked),
            ("proposed_by", Refused),
            ("decided_by", Refused),
        ],
    ),
    ("gateway_answer", &[("order_id", Checked), ("digest", Ours)]),
    (
        "stock_resale",
        &[
            ("product_id", Ours),
            ("code", Ours),
            ("code_hash", Ours),
            ("order_id", Ours),
            ("done_by", Refused),
            ("reason", Refused),
        ],
    ),
    (
        "stock_withdrawal",
        &[
            ("product_id", Ours),
            ("taken_by", Refused),
            ("reason", Refused),
            ("put_back_by", Refused),
            ("put_back_reason", Refused),
        ],
    ),
    ("stock_withdrawn_code", &[("code", Ours), ("code_hash", Ours)]),
    (
        "dead_letter_audit",
        &[
            // A short string of AMQP.
            ("message_id", Ours),
            ("order_id", Explained),
            ("done_by", Refused),
            ("note", Refused),
            // Each header has 1,024 bytes at most.
            ("headers", Ours),
            ("body", Refused),
        ],
    ),
    (
        "decision",
        &[
            ("order_id", Checked),
            ("trade_no", Checked),
            ("decision", Ours),
            ("decided_by", Refused),
            ("note", Refused),
            ("state", Ours),
            ("error", Explained),
        ],
    ),
    ("entitlement", &[("order_id", Checked), ("account", Refused), ("product_id", Checked)]),
    ("fulfillment", &[("order_id", Checked), ("product_id", Checked)]),
    (
        "gateway_query",
        &[
            ("order_id", Checked),
            ("merchant", Checked),
            ("why", Ours),
            ("answer", Explained),
            ("error", Explained),
        ],
    ),
    ("gateway_query_cursor", &[("name", Ours), ("reached_id", Checked)]),
    ("low_stock_notice", &[("product_id", Checked)]),
    (
        "notification",
        &[
            ("merchant", Checked),
            ("kind", Ours),
            ("message_id", Ours),
            ("order_id", Checked),
            ("trade_no", Checked),
            ("trade_status", Explained),
            ("charset", Ours),
            ("form", Whole),
            ("reason", Ours),
            ("error", Explained),
            ("facts_added", Ours),
            ("changes", Whole),
            ("long_changes", Whole),
        ],
    ),
    (
        "operator_action",
        &[
            ("done_by", Refused),
            ("action", Ours),
            ("subject_kind", Ours),
            ("subject", Explained),
            // Some fields of ours: numbers, states and amounts.
            ("before", Refused),
            ("after", Refused),
            ("reason", Refused),
            ("error", Explained),
        ],
    ),
    ("order_expired", &[("order_id", Checked)]),
    (
        "outbox",
        &[("order_id", Checked), ("event", Ours), ("product_id", Checked), ("traceparent", Ours)],
    ),
    (
        "pause",
        &[("scope_id", Checked), ("reason", Refused), ("begun_by", Refused), ("ended_by", Refused)],
    ),
    (
        "paused_message",
        &[
            ("message_id", Ours),
            ("body_digest", Ours),
            ("body", Whole),
            ("kind", Ours),
            ("merchant", Checked),
            ("order_id", Checked),
            // A header of 1,024 bytes at most.
            ("traceparent", Ours),
            ("tracestate", Ours),
        ],
    ),
    ("product", &[("id", Checked), ("name", Refused)]),
    ("prune_mark", &[("of_table", Ours)]),
    ("redelivery", &[("message_id", Ours), ("merchant", Checked), ("order_id", Checked)]),
    (
        "dead_letter",
        &[
            ("message_id", Ours),
            // Words of a header, which another program may have written: they are cut.
            ("merchant", Explained),
            ("order_id", Checked),
            ("reason", Explained),
            ("error", Explained),
            ("trade_no", Checked),
            ("kind", Ours),
            ("fingerprint", Explained),
            ("cause", Ours),
            // A header of 1,024 bytes at most.
            ("traceparent", Ours),
            ("worker_version", Explained),
        ],
    ),
    (
        "dead_letter_note",
        &[("message_id", Ours), ("cause", Ours), ("note", Refused), ("noted_by", Refused)],
    ),
    // Without a row where it is longer than a MiB.
    ("dead_letter_body", &[("message_id", Ours), ("body", Whole)]),
    (
        "refund",
        &[
            ("merchant", Checked),
            ("trade_no", Checked),
            ("refund_key", Refused),
            ("request_no", Refused),
            ("result", Refused),
        ],
    ),
    (
        "refund_request",
        &[
            ("request_no", Checked),
            ("merchant", Checked),
            ("order_id", Checked),
            ("trade_no", Checked),
            ("reason", Refused),
            ("asked_by", Refused),
            ("state", Ours),
            ("error", Explained),
        ],
    ),
    (
        "retry_copy",
        &[("message_id", Ours), ("tier", Ours), ("merchant", Checked), ("order_id", Checked)],
    ),
    (
        "review",
        &[
            ("order_id", Checked),
            ("reason", Ours),
            // Numbers of 64 bytes, an amount, a time; trade numbers of many trades are cut and counted.
            ("evidence", Ours),
            ("decision", Ours),
            ("decided_by", Refused),
            ("note", Refused),
        ],
    ),
    (
        "stock_item",
        &[("product_id", Checked), ("code", Refused), ("code_hash", Ours), ("order_id", Checked)],
    ),
    ("trade", &[("order_id", Checked), ("trade_no", Checked)]),
    (
        "user_order",
        &[
            ("id", Checked),
            ("merchant", Checked),
            ("account", Refused),
            ("product_id", Checked),
            ("subject", Refused),
            ("trade_no", Checked),
        ],
    ),
];

/// Columns that `trade` and `user_order` share: as Alipay told them.
pub(crate) const PARTIES: [&str; 11] = [
    "seller_email",
    "seller_id",
    "seller_actions",
    "buyer_email",
    "buyer_id",
    "buyer_actions",
    "receive_name",
    "receive_address",
    "receive_zip",
    "receive_phone",
    "receive_mobile",
];

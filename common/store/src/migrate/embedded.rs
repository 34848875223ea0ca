//! The files of the folder `migrations`.

/// One of them.
pub(super) struct Migration {
    /// The folder's name.
    name: &'static str,
    /// `up.sql`
    pub(super) up: &'static str,
}

impl Migration {
    /// The name's beginning without hyphens, as the command line tool of diesel records it.
    pub(super) fn version(&self) -> String {
        self.name.split('_').next().unwrap_or_default().replace('-', "")
    }
}

macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        &[$(Migration {
            name: $name,
            up: include_str!(concat!("../../../../migrations/", $name, "/up.sql")),
        }),+]
    };
}

/// In the order in which they run.
pub(super) const MIGRATIONS: &[Migration] = migrations![
    "2026-11-23-000001_product",
    "2026-11-23-000002_user_order",
    "2026-11-23-000003_trade",
    "2026-11-23-000004_refund",
    "2026-11-23-000005_notification",
    "2026-11-23-000006_fulfillment",
    "2026-11-23-000007_stock_item",
    "2026-11-23-000008_entitlement",
    "2026-11-23-000009_review",
    "2026-11-23-000010_outbox",
    "2026-11-23-000011_redelivery",
    "2026-11-23-000012_gateway_query",
    "2026-11-23-000013_dead_letter_audit",
    "2026-11-23-000014_low_stock",
    "2026-11-23-000015_low_stock_notice",
    "2026-11-23-000016_product_event",
    "2026-11-23-000017_refund_request",
    "2026-11-23-000018_order_expiry",
    "2026-11-23-000019_refund_request_due",
    "2026-11-23-000020_late_payment",
    "2026-11-29-000010_retry_copy",
    "2026-11-29-000031_decision",
    "2026-11-29-000032_order_expired",
    "2026-11-29-000040_confirmation",
    "2026-11-29-000041_dead_since",
    "2026-11-29-000050_refund_request_told",
    "2026-11-29-000051_imported_goods",
    "2026-11-29-000052_long_changes",
    "2026-11-29-000053_order_buyer",
    "2026-11-29-000060_long_code",
    "2026-11-29-000061_on_sale",
    "2026-11-29-000062_stock_withdrawal",
    "2026-11-29-000063_stock_resale",
    "2026-11-29-000070_retry_copy_order",
    "2026-11-29-000071_user_order_merchant",
    "2026-11-29-000080_goods_in_turn",
    "2026-11-29-000081_gateway_answer",
    "2026-11-29-000082_worker_heartbeat",
    "2026-11-29-000085_dead_letter",
    "2026-11-29-000086_refund_of_rejected",
    "2026-11-30-000010_prune_mark",
    "2026-11-30-000020_operator_action",
    "2026-11-30-000030_dead_letter_row",
    "2026-11-30-000031_dead_letter_note",
    "2026-12-01-000010_pause",
    "2026-12-01-000011_paused_message",
    "2026-12-01-000012_amendment",
    "2026-12-01-000020_order_search",
    "2026-12-01-000021_undelivered",
    "2026-12-01-000022_activity",
    "2026-12-01-000023_order_account",
    "2026-12-01-000030_outbox_trace",
    "2026-12-01-000040_alarm",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test")]

    use super::MIGRATIONS;

    #[test]
    fn every_folder_is_here_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
        let entries = std::fs::read_dir(folder).expect(folder);
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect(folder).file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let embedded: Vec<&str> = MIGRATIONS.iter().map(|migration| migration.name).collect();
        assert_eq!(embedded, names);
        assert_eq!(MIGRATIONS[0].version(), "20261123000001");
    }
}

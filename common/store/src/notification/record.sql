INSERT INTO notification (merchant, kind, message_id, order_id, trade_no, trade_status, charset, form, outcome,
    reason, error, facts_added, changes, long_changes, attempts, received_at, dead_since)
SELECT j.merchant, j.kind, j.message_id, j.order_id, j.trade_no, j.trade_status, j.charset, j.form, j.outcome,
    j.reason, CONCAT(j.error), j.facts_added, IF(LENGTH(j.changes) > 65535, NULL, j.changes),
    IF(LENGTH(j.changes) > 65535, j.changes, NULL), j.attempts, j.received_at, IF(j.dies = 1, UTC_TIMESTAMP(6), NULL)
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    merchant MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.merchant', kind MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.kind',
    message_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.message_id',
    order_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.order_id',
    trade_no MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.trade_no',
    trade_status MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.trade_status',
    charset MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.charset', form MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.form',
    outcome MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.outcome',
    reason MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.reason', error MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.error',
    facts_added MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.facts_added',
    changes MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.changes', attempts INT PATH '$.attempts',
    received_at DATETIME(6) PATH '$.received_at', dies INT PATH '$.dies')) AS j
ON DUPLICATE KEY UPDATE
    facts_added = IF(j.facts_added = '', notification.facts_added, j.facts_added),
    changes = IF(j.changes IS NULL, notification.changes, IF(LENGTH(j.changes) > 65535, NULL, j.changes)),
    long_changes = IF(j.changes IS NULL, notification.long_changes, IF(LENGTH(j.changes) > 65535, j.changes, NULL)),
    dead_since = IF(j.dies = 1, UTC_TIMESTAMP(6), IF(j.outcome = 'rejected', notification.dead_since, NULL)),
    outcome = j.outcome,
    reason = j.reason,
    error = CONCAT(j.error),
    attempts = j.attempts,
    seen = notification.seen + 1,
    last_seen = UTC_TIMESTAMP(6)

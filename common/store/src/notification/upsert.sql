-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO notification (
    merchant, kind, message_id, order_id, trade_no, trade_status, charset, form, outcome, reason, error, facts_added,
    changes, long_changes, attempts, received_at, dead_since)
VALUES
-- for each row, joined by ,
(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, IF(?, UTC_TIMESTAMP(6), NULL))
-- end of rows
ON DUPLICATE KEY UPDATE
    facts_added = IF(VALUES(facts_added) = '', facts_added, VALUES(facts_added)),
    changes = IF(VALUES(changes) IS NULL AND VALUES(long_changes) IS NULL, changes, VALUES(changes)),
    long_changes = IF(VALUES(changes) IS NULL AND VALUES(long_changes) IS NULL, long_changes, VALUES(long_changes)),
    dead_since = IF(VALUES(dead_since) IS NULL AND VALUES(outcome) = 'rejected', dead_since, VALUES(dead_since)),
    outcome = VALUES(outcome),
    reason = VALUES(reason),
    error = VALUES(error),
    attempts = VALUES(attempts),
    seen = seen + 1,
    last_seen = UTC_TIMESTAMP(6)

DROP TABLE dead_letter_body;
DELETE FROM dead_letter WHERE state <> 'waiting' OR order_id IS NULL OR merchant IS NULL OR reason IS NULL OR error IS NULL
    OR died_at IS NULL;
ALTER TABLE dead_letter
    DROP KEY dead_letter_trade, DROP KEY dead_letter_state,
    DROP COLUMN changed_at, DROP COLUMN worker_version, DROP COLUMN traceparent, DROP COLUMN first_seen,
    DROP COLUMN attempts, DROP COLUMN cause, DROP COLUMN fingerprint, DROP COLUMN kind, DROP COLUMN trade_no,
    DROP COLUMN is_recorded, DROP COLUMN copies, DROP COLUMN state, DROP COLUMN deaths, DROP COLUMN first_died_at,
    MODIFY COLUMN merchant VARBINARY(64) NOT NULL,
    MODIFY COLUMN order_id VARBINARY(64) NOT NULL,
    MODIFY COLUMN reason   VARCHAR(64)   NOT NULL,
    MODIFY COLUMN error    TEXT          NOT NULL,
    MODIFY COLUMN died_at  DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6));
DELETE FROM dead_letter_audit WHERE action = 'restored';
ALTER TABLE dead_letter_audit MODIFY COLUMN action ENUM('replayed', 'discarded') NOT NULL;

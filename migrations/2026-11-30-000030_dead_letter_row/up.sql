-- A row for every dead letter, so that any number of readers can search them without taking one out of the queue. The queue
-- stays the truth: `ops dlq sync` compares the two. A row outlives its letter and says what became of it.
ALTER TABLE dead_letter
    MODIFY COLUMN merchant VARBINARY(64) NULL,
    MODIFY COLUMN order_id VARBINARY(64) NULL COMMENT 'the order that it names',
    MODIFY COLUMN reason   VARCHAR(64)   NULL COMMENT 'none: no worker put it into the queue',
    MODIFY COLUMN error    TEXT          NULL,
    MODIFY COLUMN died_at  DATETIME(6)   NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'the last time',
    ADD COLUMN first_died_at  DATETIME(6)   NULL DEFAULT (UTC_TIMESTAMP(6)),
    ADD COLUMN deaths         INT           NOT NULL DEFAULT 1 COMMENT 'how often it was rejected',
    ADD COLUMN state          ENUM('waiting', 'replayed', 'discarded', 'gone') NOT NULL DEFAULT 'waiting',
    ADD COLUMN copies         INT           NOT NULL DEFAULT 1 COMMENT 'letters with this id in the queue; 0 unless it waits',
    ADD COLUMN is_recorded    BOOL          NOT NULL DEFAULT FALSE COMMENT 'a row in notification says that it was rejected',
    ADD COLUMN trade_no       VARBINARY(64) NULL COMMENT 'the trade that it names',
    ADD COLUMN kind           VARBINARY(32) NULL COMMENT 'none: it is no envelope',
    ADD COLUMN fingerprint    TEXT          NULL COMMENT 'the error without what differs from letter to letter',
    ADD COLUMN cause          VARBINARY(16) NOT NULL DEFAULT '' COMMENT 'hash of reason and fingerprint; empty: an older program wrote the row',
    ADD COLUMN attempts       INT           NOT NULL DEFAULT 0 COMMENT 'retry tiers passed',
    ADD COLUMN first_seen     DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)) COMMENT 'when it was received first',
    ADD COLUMN traceparent    TEXT          NULL,
    ADD COLUMN worker_version VARCHAR(64)   NULL COMMENT 'the program that rejected it',
    ADD COLUMN changed_at     DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    ADD KEY dead_letter_state (state, cause),
    ADD KEY dead_letter_trade (trade_no);

UPDATE dead_letter SET first_died_at = died_at;

ALTER TABLE dead_letter_audit MODIFY COLUMN action ENUM('replayed', 'discarded', 'restored') NOT NULL;

-- Apart from the rows that lists read: a body has some KiB.
CREATE TABLE dead_letter_body (
    message_id VARBINARY(64) NOT NULL PRIMARY KEY,
    body       MEDIUMBLOB    NOT NULL COMMENT 'as it is in the queue; no row for more than a MiB'
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

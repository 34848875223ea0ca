-- Messages that wait for the end of a pause. The worker that takes one from the queue writes the row and then acknowledges it;
-- after the pause a worker publishes it again and deletes the row.
CREATE TABLE paused_message (
    id           BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
    pause_id     BIGINT        NOT NULL,
    message_id   VARBINARY(64) NOT NULL,
    body_digest  VARBINARY(64) NOT NULL COMMENT 'SHA-256 as hex: a delivery that comes twice is one row, two texts with one id are two',
    body         MEDIUMBLOB    NOT NULL,
    kind         VARBINARY(32) NOT NULL,
    merchant     VARBINARY(64) NOT NULL,
    order_id     VARBINARY(64) NULL COMMENT 'the order that it names',
    attempt      INT           NOT NULL COMMENT 'retry tiers passed: waiting counts for none',
    was_dead     BOOL          NOT NULL COMMENT 'it was a dead letter before',
    first_seen   DATETIME(6)   NOT NULL COMMENT 'when it was received first',
    traceparent  TEXT          NULL,
    tracestate   TEXT          NULL,
    waiting_since DATETIME(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    UNIQUE KEY paused_message_text (message_id, body_digest),
    KEY paused_message_pause (pause_id, id),
    KEY paused_message_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

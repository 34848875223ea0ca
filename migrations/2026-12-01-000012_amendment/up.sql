-- What people changed of the terms of orders. Above a limit the row waits for a second person. Rows are never removed.
CREATE TABLE amendment (
    id          BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id    VARBINARY(64)  NOT NULL,
    state       ENUM('proposed', 'applied', 'withdrawn') NOT NULL,
    `before`    TEXT           NOT NULL COMMENT 'JSON: the terms before',
    `after`     TEXT           NOT NULL COMMENT 'JSON: the terms after',
    reason      TEXT           NOT NULL,
    replay      VARBINARY(64)  NULL COMMENT 'the dead letters that are replayed then: all of the order, or an id',
    proposed_by VARCHAR(255)   NOT NULL,
    proposed_at DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    decided_by  VARCHAR(255)   NULL COMMENT 'the second person, where one was needed',
    decided_at  DATETIME(6)    NULL,
    KEY amendment_order (order_id),
    KEY amendment_state (state, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

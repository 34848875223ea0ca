-- What persons decided about reviews. The row is the decision; a message only tells the workers to look at it, so who can
-- publish messages decides nothing, and a lost message loses nothing. No foreign key: it would make writing a row wait for
-- whoever has the order locked.
CREATE TABLE decision (
    id         BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    review_id  BIGINT         NOT NULL,
    order_id   VARBINARY(64)  NOT NULL,
    trade_no   VARBINARY(64)  NULL,
    decision   VARBINARY(64)  NOT NULL COMMENT 'paid, refunded, accepted, delivered, taken_back, noted',
    decided_by VARCHAR(255)   NOT NULL,
    note       TEXT           NOT NULL,
    decided_at DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    state      VARBINARY(16)  NOT NULL DEFAULT 'open' COMMENT 'open: no worker has come to it; applied; moot: the review had ended; refused',
    error      TEXT           NULL COMMENT 'why it was refused',
    ended_at   DATETIME(6)    NULL,
    KEY decision_state (state, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

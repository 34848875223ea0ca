-- What a person must look at. The same reason with new evidence is a new row; settled means that
-- later facts made it moot, decided that a person ended it.
CREATE TABLE review (
    id         BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    order_id   VARBINARY(64)  NOT NULL,
    reason     VARBINARY(64)  NOT NULL,
    evidence   VARBINARY(255) NOT NULL DEFAULT '',
    state      ENUM('open', 'settled', 'decided') NOT NULL DEFAULT 'open',
    raised_at  DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    ended_at   DATETIME(6)    NULL,
    decision   VARCHAR(64)    NULL,
    decided_by VARCHAR(255)   NULL,
    note       TEXT           NULL,
    UNIQUE KEY review_case (order_id, reason, evidence),
    KEY review_state (state, id),
    CONSTRAINT review_order FOREIGN KEY (order_id) REFERENCES user_order (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

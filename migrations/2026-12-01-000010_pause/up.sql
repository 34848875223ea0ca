-- What operators let wait. Work waits while a row about it has neither reached `ends_at` nor been ended; rows of one scope may
-- overlap, and the last one counts. Rows are never removed: a pause that is over is history.
CREATE TABLE pause (
    id         BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
    scope      ENUM('everything', 'merchant', 'product') NOT NULL,
    scope_id   VARBINARY(64) NOT NULL DEFAULT '' COMMENT 'which merchant or product; empty: everything',
    reason     TEXT          NOT NULL,
    begun_by   VARCHAR(255)  NOT NULL,
    begun_at   DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    ends_at    DATETIME(6)   NOT NULL,
    ended_at   DATETIME(6)   NULL COMMENT 'when a person ended it before its time',
    ended_by   VARCHAR(255)  NULL,
    KEY pause_ends (ends_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

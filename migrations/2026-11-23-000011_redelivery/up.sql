-- How often a message was redelivered: one that kills workers is dead-lettered at three.
CREATE TABLE redelivery (
    message_id VARBINARY(64) NOT NULL PRIMARY KEY,
    count      INT           NOT NULL DEFAULT 0,
    last_seen  DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

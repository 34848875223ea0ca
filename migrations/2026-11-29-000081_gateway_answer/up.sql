-- Answers of the gateway that a program of ours got, so that an answer in the queue can be told from a text that somebody has
-- put there: at the legacy gateway what is signed is the text alone, and the same text can be cut into other fields. No foreign
-- key: it would make writing a row wait for whoever has the order locked.
CREATE TABLE gateway_answer (
    order_id   VARBINARY(64) NOT NULL,
    digest     VARBINARY(64) NOT NULL COMMENT 'hex SHA-256 of merchant, charset and form of the envelope',
    written_at DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    PRIMARY KEY (order_id, digest)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What operators did with dead letters. Rows are only added; the body of a discarded letter stays here.
CREATE TABLE dead_letter_audit (
    id         BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    action     ENUM('replayed', 'discarded') NOT NULL,
    message_id VARBINARY(255) NOT NULL,
    order_id   VARBINARY(255) NULL COMMENT 'as the letter names it',
    done_by    VARCHAR(255)   NOT NULL,
    note       TEXT           NULL COMMENT 'why; always there for a discard',
    headers    TEXT           NOT NULL COMMENT 'JSON: reason, error, attempts and times of the letter',
    body       MEDIUMTEXT     NULL COMMENT 'of a discarded letter, as it was',
    done_at    DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    KEY dead_letter_audit_message (message_id),
    KEY dead_letter_audit_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

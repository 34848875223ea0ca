-- What people wrote about a dead letter, or about all letters with one cause.
CREATE TABLE dead_letter_note (
    id         BIGINT        NOT NULL AUTO_INCREMENT PRIMARY KEY,
    message_id VARBINARY(64) NULL COMMENT 'of a note on one letter',
    cause      VARBINARY(16) NULL COMMENT 'of a note on a group: dead_letter.cause',
    note       TEXT          NOT NULL,
    noted_by   VARCHAR(255)  NOT NULL,
    noted_at   DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    KEY dead_letter_note_message (message_id),
    KEY dead_letter_note_cause (cause)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

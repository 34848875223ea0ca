-- What operators did, by `ops` or in the console: a row is written before the act, and its result after it. Rows are never
-- removed. The history of single dead letters is dead_letter_audit, that of decisions is decision.
CREATE TABLE operator_action (
    id           BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    done_at      DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    done_by      VARCHAR(255)   NOT NULL COMMENT 'the user of the console; of a verb --by, else USER@HOST',
    source       ENUM('console', 'ops') NOT NULL,
    action       VARBINARY(64)  NOT NULL COMMENT 'a word of OperatorAction in common/order',
    subject_kind VARBINARY(64)  NOT NULL COMMENT 'a word of ActionSubject in common/order',
    subject      VARBINARY(255) NOT NULL COMMENT 'its number or name; of several letters, which',
    `before`     TEXT           NULL COMMENT 'JSON: what the act changed, as it was; without codes and secrets',
    `after`      TEXT           NULL COMMENT 'JSON: the same as it became',
    reason       TEXT           NULL,
    result       ENUM('begun', 'done', 'failed') NOT NULL COMMENT 'begun: the program ended before it knew',
    error        TEXT           NULL COMMENT 'why it failed',
    KEY operator_action_time (done_at),
    KEY operator_action_person (done_by, id),
    KEY operator_action_action (action, id),
    KEY operator_action_subject (subject, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

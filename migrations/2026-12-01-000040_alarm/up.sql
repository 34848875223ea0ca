-- What `ops notify` knows about causes of alarms, so that a restart neither repeats nor forgets a message. A row begins when a
-- cause is first seen and is removed when it is gone.
CREATE TABLE alarm (
    cause        VARBINARY(255) NOT NULL PRIMARY KEY COMMENT 'the code of a finding, and what it is about: dead_letters/total_mismatch',
    source       ENUM('nothing', 'database', 'broker', 'management', 'topology', 'ingress', 'refusals', 'dead_letters') NOT NULL COMMENT 'what must be asked to know whether it is gone',
    urgency      ENUM('now', 'soon', 'later') NOT NULL,
    first_seen   DATETIME(6) NOT NULL,
    last_seen    DATETIME(6) NOT NULL,
    told_at      DATETIME(6) NULL COMMENT 'of the latest message',
    told_urgency ENUM('now', 'soon', 'later') NOT NULL COMMENT 'the greatest that was told',
    content      TEXT NOT NULL COMMENT 'JSON: what it is, in both languages; without buyer data and codes'
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Messages to the channels of the configuration, one row for each channel. They are history when sent, for 30 days.
CREATE TABLE alarm_message (
    id         BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    channel    VARCHAR(64)    NOT NULL COMMENT 'its name in the configuration',
    cause      VARBINARY(255) NOT NULL,
    kind       ENUM('opened', 'worsened', 'reminder', 'cleared') NOT NULL,
    urgency    ENUM('now', 'soon', 'later') NOT NULL,
    content    TEXT           NOT NULL COMMENT 'JSON: what is told, in the language of the channel',
    created_at DATETIME(6)    NOT NULL,
    due_at     DATETIME(6)    NOT NULL COMMENT 'after quiet hours; after a pause; when the lease of the program that sends it ends; the year 9999 when it is given up',
    attempts   INT            NOT NULL DEFAULT 0,
    error      TEXT           NULL COMMENT 'of the latest attempt',
    sent_at    DATETIME(6)    NULL,
    KEY alarm_message_due (channel, sent_at, due_at),
    KEY alarm_message_age (created_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

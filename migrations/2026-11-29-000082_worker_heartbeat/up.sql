-- One row a worker, written every 5 seconds: that it lives, what its clock says, what it has taken from the queue, and why it cannot
-- work. AMQP tells an operator none of this. A worker that ends removes its row; that of a killed one stays for an hour, or until a
-- worker starts on the same host ten minutes later.
CREATE TABLE worker_heartbeat (
    worker           VARBINARY(128) NOT NULL PRIMARY KEY COMMENT 'HOST:PROCESS:start in Unix microseconds',
    host             VARBINARY(64)  NOT NULL,
    version          VARBINARY(32)  NOT NULL,
    started_at       DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    seen_at          DATETIME(6)    NOT NULL COMMENT 'the latest heartbeat, by the clock of the database',
    worker_time      DATETIME(6)    NOT NULL COMMENT 'the same moment by the clock of the worker',
    message_ahead_ms BIGINT         NOT NULL DEFAULT 0 COMMENT 'how far times in messages were ahead of the worker in the last minute',
    messages         INT            NOT NULL DEFAULT 0 COMMENT 'taken from the queue and not acknowledged',
    busy_ms          BIGINT         NOT NULL DEFAULT 0 COMMENT 'how long the slowest lane has had the same messages',
    held             INT            NOT NULL DEFAULT 0 COMMENT 'messages whose retry or dead letter the broker does not take',
    trouble          TEXT           NULL COMMENT 'why /readyz is red'
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Copies of messages that wait in a retry tier: written in the transaction that decided to wait, removed when the copy
-- has come back. A row whose time is long over is a copy that the broker holds back or has lost.
CREATE TABLE retry_copy (
    message_id VARBINARY(64) NOT NULL,
    attempt    INT           NOT NULL,
    tier       VARBINARY(64) NOT NULL,
    merchant   VARBINARY(64) NOT NULL,
    order_id   VARBINARY(64),
    first_seen DATETIME(6)   NOT NULL,
    due_at     DATETIME(6)   NOT NULL,
    PRIMARY KEY (message_id, attempt),
    KEY retry_copy_due (due_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

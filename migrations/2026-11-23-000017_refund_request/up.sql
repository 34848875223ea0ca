-- Refunds that operators asked for, each written before Alipay is asked: whoever repeats one finds its number here, and
-- the same number refunds once. What was refunded stands in refund and trade; this is what we wanted. No foreign key: it
-- would make writing a row wait for whoever has the order locked.
CREATE TABLE refund_request (
    request_no    VARBINARY(64) NOT NULL PRIMARY KEY COMMENT 'out_request_no, or batch_no of the legacy gateway',
    merchant      VARBINARY(64) NOT NULL,
    order_id      VARBINARY(64) NOT NULL,
    trade_no      VARBINARY(64) NOT NULL,
    amount        BIGINT        NOT NULL COMMENT 'fen',
    is_rest       BOOLEAN       NOT NULL COMMENT 'all that was left was wanted',
    reason        VARCHAR(256)  NOT NULL,
    asked_by      VARCHAR(255)  NOT NULL,
    state         VARBINARY(16) NOT NULL COMMENT 'asked: not sent yet, or waits for the password; unknown: sent, no answer that can be used; accepted; refused',
    error         TEXT          NULL COMMENT 'why it is refused or unknown',
    running_total BIGINT        NULL COMMENT 'fen; the trade''s refunds with this one, as Alipay answered',
    created_at    DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    asked_at      DATETIME(6)   NULL COMMENT 'turn of the latest call: at least 3 s after any other about the trade',
    ended_at      DATETIME(6)   NULL COMMENT 'accepted or refused',
    KEY refund_request_order (order_id),
    CONSTRAINT refund_request_amount_positive CHECK (amount > 0)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

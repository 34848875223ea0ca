-- One refund of one trade, kept by trade number with or without an order: a legacy batch carries no
-- order number. running_total is the trade's total after it (Open Platform), amount this one's (batch).
CREATE TABLE refund (
    merchant      VARBINARY(64)  NOT NULL,
    trade_no      VARBINARY(64)  NOT NULL,
    refund_key    VARBINARY(255) NOT NULL COMMENT 'batch_no, or out_biz_no@gmt_refund',
    request_no    VARBINARY(255) NOT NULL COMMENT 'batch_no or out_biz_no',
    running_total BIGINT         NULL COMMENT 'fen',
    amount        BIGINT         NULL COMMENT 'fen',
    result        VARCHAR(255)   NULL COMMENT 'SUCCESS or the error code of a batch item',
    gmt_refund    DATETIME(6)    NULL,
    PRIMARY KEY (merchant, trade_no, refund_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Orders whose time was over when Alipay had nothing to close for them. The row is what a worker's question found; a
-- message only tells the lanes to look at it. No foreign key: it would make writing a row wait for whoever has the order
-- locked.
CREATE TABLE order_expired (
    order_id   VARBINARY(64) NOT NULL,
    expires_at DATETIME(6)   NOT NULL COMMENT 'the order''s time that was over',
    said_at    DATETIME(6)   NOT NULL COMMENT 'when Alipay had nothing to close',
    written_at DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    ended_at   DATETIME(6)   NULL COMMENT 'when a lane had told the order; NULL: not yet',
    PRIMARY KEY (order_id, expires_at),
    KEY order_expired_open (ended_at, written_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

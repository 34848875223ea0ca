-- Codes that came back and that a person put on sale again, since nobody had used them. The code's row in stock_item no
-- longer names the order that returned it; this one does. No foreign key: it would hold rows of strangers.
CREATE TABLE stock_resale (
    id            BIGINT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
    stock_item_id BIGINT          NOT NULL,
    product_id    VARBINARY(64)   NOT NULL,
    code          VARBINARY(8192) NOT NULL COMMENT 'UTF-8',
    order_id      VARBINARY(64)   NOT NULL COMMENT 'the order that returned it',
    done_by       VARCHAR(255)    NOT NULL,
    reason        TEXT            NOT NULL,
    done_at       DATETIME(6)     NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    KEY stock_resale_order (order_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

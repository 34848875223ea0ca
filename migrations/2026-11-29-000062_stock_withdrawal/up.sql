-- Codes that an operator took out of the stock: written in the transaction that takes them out, so that they can be shown
-- again when the first output was lost, and put back into sale. No foreign key: it would hold the product's row.
CREATE TABLE stock_withdrawal (
    id              BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    product_id      VARBINARY(64)  NOT NULL,
    codes           INT            NOT NULL COMMENT 'how many',
    taken_by        VARCHAR(255)   NOT NULL,
    reason          TEXT           NOT NULL,
    taken_at        DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    put_back_at     DATETIME(6)    NULL COMMENT 'when all of them were put back into sale',
    put_back_by     VARCHAR(255)   NULL,
    put_back_reason TEXT           NULL,
    KEY stock_withdrawal_product (product_id, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE stock_withdrawn_code (
    withdrawal_id BIGINT          NOT NULL,
    stock_item_id BIGINT          NOT NULL COMMENT 'the id that it had in stock_item: the order of the import',
    code          VARBINARY(8192) NOT NULL COMMENT 'UTF-8',
    PRIMARY KEY (withdrawal_id, stock_item_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

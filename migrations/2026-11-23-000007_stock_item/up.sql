-- Codes of stock products: available, delivered, returned (the buyer has seen it: not sold again).
CREATE TABLE stock_item (
    id         BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    product_id VARBINARY(64)  NOT NULL,
    code       VARBINARY(512) NOT NULL COMMENT 'UTF-8',
    state      ENUM('available', 'delivered', 'returned') NOT NULL DEFAULT 'available',
    order_id   VARBINARY(64)  NULL,
    created_at DATETIME(6)    NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    UNIQUE KEY stock_item_code (product_id, code),
    KEY stock_item_pick (product_id, state, id),
    KEY stock_item_order (order_id),
    CONSTRAINT stock_item_product FOREIGN KEY (product_id) REFERENCES product (id),
    CONSTRAINT stock_item_given_to_an_order CHECK (state = 'available' OR order_id IS NOT NULL)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What was done with the goods of an order. All units or none.
CREATE TABLE fulfillment (
    order_id     VARBINARY(64)  NOT NULL PRIMARY KEY,
    product_id   VARBINARY(64)  NOT NULL,
    state        ENUM('delivered', 'awaiting_stock', 'awaiting_manual', 'returned', 'cancelled') NOT NULL,
    units        INT            NOT NULL COMMENT 'ordered',
    given        INT            NOT NULL DEFAULT 0 COMMENT 'with the buyer now or before the return',
    waiting_since DATETIME(6)   NULL,
    delivered_at DATETIME(6)    NULL,
    returned_at  DATETIME(6)    NULL,
    KEY fulfillment_state (state, product_id),
    CONSTRAINT fulfillment_order FOREIGN KEY (order_id) REFERENCES user_order (id),
    CONSTRAINT fulfillment_given_within_units CHECK (given >= 0 AND given <= units)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- One row per order and account of a subscription. The end date of an account is derived from its
-- rows, so taking one back is removing it.
CREATE TABLE entitlement (
    order_id   VARBINARY(64)  NOT NULL PRIMARY KEY,
    account    VARCHAR(255)   NOT NULL,
    product_id VARBINARY(64)  NOT NULL,
    days       INT            NOT NULL,
    starts_at  DATETIME(6)    NOT NULL COMMENT 'the payment',
    KEY entitlement_account (account, product_id, starts_at),
    CONSTRAINT entitlement_order FOREIGN KEY (order_id) REFERENCES user_order (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

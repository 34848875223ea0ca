-- Products whose stock was told to be low and has not been seen above its threshold since: one row, one event.
-- Not a column of product: every order placed and every code imported holds that product's row (foreign keys), so
-- whoever writes there waits for strangers, and two imports that do would wait for each other. No foreign key here, for
-- the same reason.
CREATE TABLE low_stock_notice (
    product_id VARBINARY(64) NOT NULL PRIMARY KEY,
    since      DATETIME(6)   NOT NULL DEFAULT (UTC_TIMESTAMP(6))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

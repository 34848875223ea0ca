-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
INSERT INTO entitlement (order_id, account, product_id, days, starts_at)
SELECT j.order_id, j.account, j.product_id, j.days, COALESCE(j.starts_at, UTC_TIMESTAMP(6))
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id',
    account MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.account',
    product_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.product_id',
    days BIGINT PATH '$.days', starts_at DATETIME(6) PATH '$.starts_at')) AS j
ON DUPLICATE KEY UPDATE account = entitlement.account

-- Not DSL: codes are compared by a hash of the server, and three tables are read in one statement.
SELECT product_id, CAST(state AS CHAR) AS state, order_id, CAST(NULL AS SIGNED) AS withdrawal
FROM stock_item WHERE code_hash = UNHEX(SHA2(CAST(? AS BINARY), 256))
UNION ALL
SELECT product_id, 'resold', order_id, NULL
FROM stock_resale WHERE code_hash = UNHEX(SHA2(CAST(? AS BINARY), 256))
UNION ALL
SELECT w.product_id, 'withdrawn', NULL, w.id
FROM stock_withdrawn_code AS c JOIN stock_withdrawal AS w ON w.id = c.withdrawal_id
WHERE c.code_hash = UNHEX(SHA2(CAST(? AS BINARY), 256)) AND w.put_back_at IS NULL

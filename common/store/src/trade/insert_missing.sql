INSERT INTO trade (order_id, trade_no)
SELECT j.order_id, j.trade_no
FROM JSON_TABLE(?, '$[*]' COLUMNS (order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id',
    trade_no VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.trade_no')) AS j
ON DUPLICATE KEY UPDATE trade_no = j.trade_no

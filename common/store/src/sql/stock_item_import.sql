INSERT INTO stock_item (product_id, code)
SELECT ?, j.code FROM JSON_TABLE(?, '$[*]' COLUMNS (code TEXT PATH '$')) AS j
ON DUPLICATE KEY UPDATE code = stock_item.code

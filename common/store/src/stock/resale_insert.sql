-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
INSERT INTO stock_resale (stock_item_id, product_id, code, order_id, done_by, reason)
SELECT STRAIGHT_JOIN s.id, s.product_id, s.code, s.order_id, ?, ?
FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k
JOIN stock_item AS s FORCE INDEX (PRIMARY) ON s.id = k.id AND s.state = 'returned'

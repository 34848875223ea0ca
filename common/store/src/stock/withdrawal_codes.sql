-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
INSERT INTO stock_withdrawn_code (withdrawal_id, stock_item_id, code)
SELECT STRAIGHT_JOIN ?, s.id, s.code
FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k
JOIN stock_item AS s FORCE INDEX (PRIMARY) ON s.id = k.id AND s.state = 'available'

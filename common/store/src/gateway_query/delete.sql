-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
DELETE q
FROM JSON_TABLE(?, '$[*]' COLUMNS (order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j
STRAIGHT_JOIN gateway_query AS q FORCE INDEX (PRIMARY) ON q.order_id = j.order_id

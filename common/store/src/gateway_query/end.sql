-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
DELETE q
FROM JSON_TABLE(?, '$[*]' COLUMNS (order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id',
    leased_until DATETIME(6) PATH '$.leased_until')) AS j
STRAIGHT_JOIN gateway_query AS q FORCE INDEX (PRIMARY) ON q.order_id = j.order_id
WHERE q.due_at = j.leased_until

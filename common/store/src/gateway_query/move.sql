-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
    order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id', due_at DATETIME(6) PATH '$.due_at',
    asking INT PATH '$.asking')) AS j
STRAIGHT_JOIN gateway_query AS q FORCE INDEX (PRIMARY) ON q.order_id = j.order_id
SET q.due_at = j.due_at, q.asked_at = IF(j.asking, UTC_TIMESTAMP(6), q.asked_at)

-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id',
    expires_at DATETIME(6) PATH '$.expires_at')) AS j
STRAIGHT_JOIN order_expired AS e FORCE INDEX (PRIMARY) ON e.order_id = j.order_id AND e.expires_at = j.expires_at
SET e.ended_at = UTC_TIMESTAMP(6)
WHERE e.ended_at IS NULL

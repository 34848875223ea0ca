-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN e.order_id, e.expires_at, e.said_at, e.ended_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
JOIN order_expired AS e FORCE INDEX (PRIMARY) ON e.order_id = k.id
ORDER BY e.order_id, e.expires_at

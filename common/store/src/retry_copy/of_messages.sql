-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN r.message_id, r.attempt, r.tier, r.merchant, r.order_id, r.first_seen, r.due_at
FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
JOIN retry_copy AS r FORCE INDEX (PRIMARY) ON r.message_id = k.id

-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN a.order_id, a.digest
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id',
    digest VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.digest')) AS k
JOIN gateway_answer AS a FORCE INDEX (PRIMARY) ON a.order_id = k.order_id AND a.digest = k.digest

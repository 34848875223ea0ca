-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN o.id AS number, o.product_id
FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = k.id

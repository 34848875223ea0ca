-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN t.trade_no AS number, o.product_id
FROM JSON_TABLE(?, '$[*]' COLUMNS (trade_no VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
JOIN trade AS t FORCE INDEX (trade_trade_no) ON t.trade_no = k.trade_no
JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = t.order_id

-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN DISTINCT r.order_id, r.trade_no
FROM JSON_TABLE(?, '$[*]' COLUMNS (order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
JOIN refund_request AS r FORCE INDEX (refund_request_order) ON r.order_id = k.order_id
WHERE r.state IN ('asked', 'unknown') OR (r.state = 'accepted' AND r.is_rest)

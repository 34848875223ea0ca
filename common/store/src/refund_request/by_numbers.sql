-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN r.request_no, r.merchant, r.order_id, r.trade_no, r.amount, r.is_rest, r.reason, r.asked_by,
       r.state, r.error, r.running_total, r.of_rejected
FROM JSON_TABLE(?, '$[*]' COLUMNS (request_no VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
JOIN refund_request AS r FORCE INDEX (PRIMARY) ON r.request_no = k.request_no

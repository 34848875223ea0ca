-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN r.request_no, r.merchant, r.order_id, r.trade_no, r.amount, r.is_rest, r.reason, r.asked_by,
       r.state, r.error, r.running_total, r.of_rejected
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    merchant VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.merchant',
    trade_no VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.trade_no')) AS k
JOIN refund_request AS r FORCE INDEX (refund_request_trade) ON r.trade_no = k.trade_no AND r.merchant = k.merchant
WHERE r.of_rejected
ORDER BY r.created_at, r.request_no

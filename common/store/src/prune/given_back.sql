-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN n.id, n.merchant, n.order_id, n.trade_no, n.charset, n.form
FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k
JOIN notification AS n FORCE INDEX (PRIMARY) ON n.id = k.id
WHERE n.order_id IS NOT NULL AND (
    SELECT COUNT(*) FROM refund_request AS r FORCE INDEX (refund_request_trade)
    WHERE r.trade_no = n.trade_no AND r.merchant = n.merchant AND r.of_rejected) > 0

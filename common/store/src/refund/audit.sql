-- Not DSL: FORCE INDEX and STRAIGHT_JOIN keep the plan.
SELECT STRAIGHT_JOIN t.order_id, r.trade_no, r.refund_key, r.request_no, r.running_total, r.amount, r.result,
       r.gmt_refund
FROM user_order AS o FORCE INDEX (PRIMARY)
JOIN trade AS t FORCE INDEX (PRIMARY) ON t.order_id = o.id
JOIN refund AS r FORCE INDEX (PRIMARY) ON r.merchant = o.merchant AND r.trade_no = t.trade_no
WHERE o.id BETWEEN ? AND ?

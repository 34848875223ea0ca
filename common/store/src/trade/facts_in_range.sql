-- Not DSL: FORCE INDEX keeps the plan.
SELECT order_id, trade_no, facts, gmt_create, gmt_payment, gmt_refund, gmt_close, confirmed_at, refunded_fee
FROM trade FORCE INDEX (PRIMARY)
WHERE order_id BETWEEN ? AND ?

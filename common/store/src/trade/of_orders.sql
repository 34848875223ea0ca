-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN t.order_id, t.trade_no, t.facts, t.gmt_create, t.gmt_payment, t.gmt_refund, t.gmt_close,
       t.confirmed_at, t.refunded_fee, t.notify_time, t.seller_email, t.seller_id, t.seller_actions, t.buyer_email,
       t.buyer_id, t.buyer_actions, t.receive_name, t.receive_address, t.receive_zip, t.receive_phone,
       t.receive_mobile
FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
JOIN trade AS t FORCE INDEX (PRIMARY) ON t.order_id = k.id

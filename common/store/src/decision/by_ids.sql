-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN d.id, d.review_id, d.order_id, d.trade_no, d.decision AS word, d.decided_by, d.note, d.decided_at, d.state,
       d.error
FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k
JOIN decision AS d FORCE INDEX (PRIMARY) ON d.id = k.id

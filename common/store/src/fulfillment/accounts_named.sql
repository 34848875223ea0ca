-- Not DSL: FORCE INDEX keeps the plan.
SELECT f.order_id
FROM fulfillment AS f FORCE INDEX (fulfillment_turn)
JOIN user_order AS o ON o.id = f.order_id
WHERE f.state = 'awaiting_account' AND TRIM(o.account) <> '' AND o.status IN (8, 4, 106)
ORDER BY f.waiting_since, f.order_id
LIMIT ?

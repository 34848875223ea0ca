-- Not DSL: FORCE INDEX keeps the plan, from the account to its orders.
SELECT STRAIGHT_JOIN o.id AS order_id, o.product_id, CAST(COALESCE(e.days, p.days * o.quantity) AS SIGNED) AS days,
       e.days AS days_granted, COALESCE(e.starts_at, o.paid_dtime) AS starts_at, f.returned_at
FROM user_order AS o FORCE INDEX (user_order_account)
JOIN product AS p FORCE INDEX (PRIMARY) ON p.id = o.product_id AND p.kind = 'subscription'
JOIN fulfillment AS f FORCE INDEX (PRIMARY) ON f.order_id = o.id
LEFT JOIN entitlement AS e FORCE INDEX (PRIMARY) ON e.order_id = o.id
WHERE o.account = ? AND (e.order_id IS NOT NULL OR f.state = 'returned')
ORDER BY starts_at DESC, o.id DESC
LIMIT ?

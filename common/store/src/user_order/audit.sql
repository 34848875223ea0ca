-- Not DSL: FORCE INDEX and STRAIGHT_JOIN keep the plan.
-- By primary key all the way: four tables in step. Without FORCE INDEX a small product table goes through a join buffer,
-- and then the whole rest of the orders is sorted for each range (measured: seconds instead of 0.07 s).
SELECT STRAIGHT_JOIN o.id, o.merchant, o.product_id, p.kind, o.quantity, o.total_fee,
       o.created_at,
       o.updated_at,
       o.expires_at, o.expired_at,
       o.trade_no, o.status, o.trade_status, o.refund_status, o.refunded_fee, o.paid_dtime, o.refund_dtime,
       o.finish_dtime, o.is_send_goods, o.is_return_goods, o.is_finish, o.needs_review,
       f.state, f.product_id AS fulfillment_product, f.units, f.given, f.is_imported, f.waiting_since,
       e.product_id AS entitlement_product
FROM user_order AS o FORCE INDEX (PRIMARY)
JOIN product AS p FORCE INDEX (PRIMARY) ON p.id = o.product_id
LEFT JOIN fulfillment AS f FORCE INDEX (PRIMARY) ON f.order_id = o.id
LEFT JOIN entitlement AS e FORCE INDEX (PRIMARY) ON e.order_id = o.id
WHERE o.id BETWEEN ? AND ?
ORDER BY o.id
LIMIT ?

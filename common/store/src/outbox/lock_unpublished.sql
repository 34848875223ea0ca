-- Not DSL: it locks in a derived table, with SKIP LOCKED.
-- The order is read, not locked: FOR UPDATE reaches only the inner table.
SELECT x.id, x.event, x.created_at, x.traceparent, x.order_id, o.merchant, o.trade_no, o.status, o.total_fee, o.refunded_fee,
       x.product_id, x.available, x.threshold
FROM (
    SELECT id, order_id, event, created_at, traceparent, product_id, available, threshold
    FROM outbox
    WHERE published_at IS NULL
    ORDER BY id
    LIMIT ?
    FOR UPDATE SKIP LOCKED
) AS x
LEFT JOIN user_order AS o ON o.id = x.order_id
ORDER BY x.id

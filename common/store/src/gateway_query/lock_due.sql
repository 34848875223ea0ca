-- Not DSL: it locks in a derived table, with SKIP LOCKED.
-- The order is read, not locked: FOR UPDATE reaches only the inner table.
SELECT x.order_id, x.merchant, x.why, x.created_at, UTC_TIMESTAMP(6) AS now, o.status, o.is_finish, o.trade_no,
       o.created_at AS ordered_at,
       o.updated_at, o.trade_status, o.expires_at, o.expired_at
FROM (
    SELECT order_id, merchant, why, due_at, created_at
    FROM gateway_query FORCE INDEX (gateway_query_due)
    WHERE merchant = ? AND due_at <= UTC_TIMESTAMP(6)
    ORDER BY due_at
    LIMIT ?
    FOR UPDATE SKIP LOCKED
) AS x
LEFT JOIN user_order AS o ON o.id = x.order_id
ORDER BY x.due_at

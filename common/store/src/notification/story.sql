-- Not DSL: it reads several tables in one statement of subqueries.
-- Three ways to an order: its number; the trade number of a batch refund of one trade; and for a batch of several
-- trades, whose row names none of them, the form: it is looked into only when the order has refunds of batches.
SELECT n.first_seen, n.received_at, n.last_seen, n.merchant, n.kind, n.message_id, n.trade_no, n.trade_status, n.outcome, n.reason,
       n.error, n.facts_added,
       COALESCE(n.long_changes, n.changes) AS changes, n.attempts, n.seen, n.charset, n.form
FROM (
    SELECT id FROM notification WHERE order_id = ?
    UNION
    SELECT b.id
    FROM user_order AS o
    JOIN trade AS t ON t.order_id = o.id
    JOIN notification AS b ON b.trade_no = t.trade_no AND b.merchant = o.merchant
    WHERE o.id = ? AND b.kind = 'batch_refund'
    UNION
    SELECT b.id
    FROM user_order AS o
    JOIN trade AS t ON t.order_id = o.id
    JOIN refund AS r ON r.merchant = o.merchant AND r.trade_no = t.trade_no AND r.amount IS NOT NULL
    JOIN notification AS b ON b.merchant = o.merchant AND b.kind = 'batch_refund'
        AND b.trade_no IS NULL AND LOCATE(r.trade_no, b.form) > 0
    WHERE o.id = ?
) AS k
JOIN notification AS n ON n.id = k.id
ORDER BY n.first_seen, n.id

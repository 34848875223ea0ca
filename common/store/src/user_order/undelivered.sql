-- Not DSL: paid orders without goods and messages about unpaid ones, each from an index of its own. Who judges an order is
-- `order::Undelivered`; tests/undelivered.rs compares.
SELECT id AS order_id, COALESCE(paid_dtime, notify_dtime, created_at) AS since, merchant, CAST(NULL AS CHAR) AS letter,
       CAST(NULL AS DATETIME(6)) AS due_at, FALSE AS is_paused
FROM user_order FORCE INDEX (user_order_status)
WHERE status IN (8, 4, 106) AND is_send_goods = FALSE
    AND NOT EXISTS (SELECT 1 FROM fulfillment AS f
                    WHERE f.order_id = user_order.id AND f.state IN ('delivered', 'returned'))
UNION ALL
SELECT id, COALESCE(paid_dtime, notify_dtime, created_at), merchant, NULL, NULL, FALSE
FROM user_order FORCE INDEX (user_order_status)
WHERE status = 32 AND is_send_goods = FALSE AND is_finish = FALSE AND trade_status = 5
UNION ALL
SELECT id, COALESCE(notify_dtime, created_at), merchant, NULL, NULL, FALSE
FROM user_order FORCE INDEX (user_order_status)
WHERE status = 0 AND is_send_goods = FALSE AND is_finish = FALSE AND trade_status = 7
UNION ALL
SELECT m.order_id, MIN(m.first_seen), MAX(m.merchant), MAX(m.letter), MIN(m.due_at), MAX(m.is_paused)
FROM (
    SELECT d.order_id, d.first_seen, d.merchant, COALESCE(d.reason, '') AS letter, CAST(NULL AS DATETIME(6)) AS due_at,
           FALSE AS is_paused
    FROM dead_letter AS d
    LEFT JOIN notification AS n ON n.merchant = d.merchant AND n.kind = d.kind AND n.message_id = d.message_id
    WHERE d.state = 'waiting' AND d.order_id IS NOT NULL
        AND (n.trade_status = 'TRADE_SUCCESS' OR n.trade_status = 'TRADE_FINISHED'
             OR (n.id IS NULL AND d.kind = 'trade_status'))
    UNION ALL
    SELECT r.order_id, r.first_seen, r.merchant, NULL, r.due_at, FALSE
    FROM retry_copy AS r WHERE r.order_id IS NOT NULL
    UNION ALL
    SELECT w.order_id, w.first_seen, w.merchant, NULL, NULL, TRUE
    FROM paused_message AS w
    WHERE w.order_id IS NOT NULL AND (w.kind = 'trade_status' OR w.kind = 'query_answer')
) AS m
LEFT JOIN user_order AS o ON o.id = m.order_id
WHERE o.id IS NULL OR (o.is_send_goods = FALSE AND (
    (o.status = 0 AND o.trade_status <> 7) OR (o.status = 32 AND (o.trade_status <> 5 OR o.is_finish = TRUE))))
GROUP BY m.order_id

-- Not DSL: paid orders without goods and messages about a payment, each from an index of its own. Who judges an order is
-- `order::Undelivered`; tests/undelivered.rs compares. A message alone is enough for an unpaid order only.
SELECT found.order_id, COALESCE(MIN(IF(found.is_order, found.since, NULL)), MIN(found.since)) AS since,
       MAX(found.merchant) AS merchant, MAX(found.letter) AS letter, MIN(found.due_at) AS due_at,
       MAX(found.pause_id) AS pause_id
FROM (
    SELECT id AS order_id, TRUE AS is_order, COALESCE(paid_dtime, created_at) AS since, merchant,
           CAST(NULL AS CHAR) AS letter, CAST(NULL AS DATETIME(6)) AS due_at, CAST(NULL AS SIGNED) AS pause_id
    FROM user_order FORCE INDEX (user_order_status)
    WHERE status IN (8, 4, 106) AND is_send_goods = FALSE
        AND NOT EXISTS (SELECT 1 FROM fulfillment AS f
                        WHERE f.order_id = user_order.id AND f.state IN ('delivered', 'returned'))
    UNION ALL
    SELECT id, TRUE, COALESCE(paid_dtime, created_at), merchant, NULL, NULL, NULL
    FROM user_order FORCE INDEX (user_order_status)
    WHERE status = 32 AND is_send_goods = FALSE AND is_finish = FALSE AND trade_status = 5
    UNION ALL
    SELECT id, TRUE, created_at, merchant, NULL, NULL, NULL
    FROM user_order FORCE INDEX (user_order_status)
    WHERE status = 0 AND is_send_goods = FALSE AND is_finish = FALSE AND trade_status = 7
    UNION ALL
    SELECT d.order_id, FALSE, d.first_seen, d.merchant, COALESCE(d.reason, ''), NULL, NULL
    FROM dead_letter AS d
    LEFT JOIN notification AS n ON n.merchant = d.merchant AND n.kind = d.kind AND n.message_id = d.message_id
    WHERE d.state = 'waiting' AND d.order_id IS NOT NULL
        AND (n.trade_status = 'TRADE_SUCCESS' OR n.trade_status = 'TRADE_FINISHED' OR n.trade_status = 'TRADE_PENDING'
             OR (n.id IS NULL AND d.kind = 'trade_status'))
    UNION ALL
    SELECT r.order_id, FALSE, r.first_seen, r.merchant, NULL, r.due_at, NULL
    FROM retry_copy AS r WHERE r.order_id IS NOT NULL
    UNION ALL
    SELECT w.order_id, FALSE, w.first_seen, w.merchant, NULL, NULL, w.pause_id
    FROM paused_message AS w
    WHERE w.order_id IS NOT NULL AND (w.kind = 'trade_status' OR w.kind = 'query_answer')
) AS found
LEFT JOIN user_order AS o ON o.id = found.order_id
GROUP BY found.order_id
HAVING MAX(found.is_order) OR MAX(o.id) IS NULL
    OR (MAX(o.is_send_goods) = FALSE AND (MAX(o.status) = 0 OR MAX(o.status) = 32))

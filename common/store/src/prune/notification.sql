-- Not DSL: FORCE INDEX and STRAIGHT_JOIN keep the plan.
-- A rejected message about a trade that its order does not have tells of a payment that no order took, and no other table does: the
-- row stays until the money is back. A notification that was processed and left no trade is a gap that the audit reports (the condition
-- of notification/audit.sql): it stays, too.
SELECT STRAIGHT_JOIN CAST(x.id AS CHAR), x.last_seen,
    x.outcome = 'rejected' AND x.trade_no IS NOT NULL AND t.trade_no IS NULL
FROM notification AS x FORCE INDEX (PRIMARY)
LEFT JOIN trade AS t FORCE INDEX (PRIMARY) ON t.order_id = x.order_id AND t.trade_no = x.trade_no
WHERE x.id > CAST(? AS SIGNED) AND x.id <= CAST(? AS SIGNED) AND x.last_seen < ? AND x.dead_since IS NULL
    AND (t.trade_no IS NOT NULL OR x.outcome NOT IN ('applied', 'unchanged') OR x.kind <> 'trade_status' OR x.reason IS NOT NULL
        OR COALESCE(x.trade_status, '') LIKE 'DEPOSITBACK%')

-- Not DSL: FORCE INDEX and STRAIGHT_JOIN keep the plan.
-- Rows are read in the order in which they lie: the index on the order would jump through a table of long texts.
SELECT STRAIGHT_JOIN n.id, n.order_id, n.trade_no, n.last_seen
FROM notification AS n FORCE INDEX (PRIMARY)
LEFT JOIN trade AS t FORCE INDEX (PRIMARY) ON t.order_id = n.order_id AND t.trade_no = n.trade_no
WHERE n.id > ? AND n.id <= ? AND n.kind = 'trade_status' AND n.outcome IN ('applied', 'unchanged')
    AND n.order_id IS NOT NULL AND t.order_id IS NULL
    -- Not what was not believed, and not what a bank did with a refund: neither makes a trade known.
    AND n.reason IS NULL AND COALESCE(n.trade_status, '') NOT LIKE 'DEPOSITBACK%'

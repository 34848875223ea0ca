-- Not DSL: FORCE INDEX and STRAIGHT_JOIN keep the plan.
-- The index on trade numbers alone is read; of the few numbers that it holds twice the rows are looked at.
SELECT t.order_id, t.trade_no, MIN(x.order_id) AS other, o.updated_at
FROM (SELECT trade_no FROM trade FORCE INDEX (trade_trade_no) GROUP BY trade_no HAVING COUNT(*) > 1) AS twice
STRAIGHT_JOIN trade AS t FORCE INDEX (trade_trade_no) ON t.trade_no = twice.trade_no AND FIND_IN_SET('paid', t.facts)
STRAIGHT_JOIN trade AS x FORCE INDEX (trade_trade_no)
    ON x.trade_no = t.trade_no AND x.order_id <> t.order_id AND FIND_IN_SET('paid', x.facts)
STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = t.order_id
GROUP BY t.order_id, t.trade_no, o.updated_at
ORDER BY t.order_id, t.trade_no

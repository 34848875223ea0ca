-- Not DSL: FORCE INDEX and STRAIGHT_JOIN keep the plan.
-- The span is found in the index alone, in two ranges: the rest of the cursor's own microsecond (a shop may
-- insert many orders in one statement), and what comes after it.
SELECT o.id, o.merchant, o.status, o.trade_status, o.is_finish, x.created_at AS at
FROM (
    SELECT created_at, id FROM (
        SELECT created_at, id FROM user_order FORCE INDEX (user_order_created)
        WHERE created_at = ? AND id > ? ORDER BY id LIMIT ?) AS same
    UNION ALL
    SELECT created_at, id FROM (
        SELECT created_at, id FROM user_order FORCE INDEX (user_order_created)
        WHERE created_at > ? AND created_at <= ? ORDER BY created_at, id LIMIT ?) AS later
    ORDER BY created_at, id
    LIMIT ?
) AS x
STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = x.id
ORDER BY x.created_at, x.id

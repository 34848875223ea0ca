-- Not DSL: FORCE INDEX and STRAIGHT_JOIN keep the plan.
-- As candidates.sql, by the time until which orders can be paid.
SELECT o.id, o.merchant, o.status, o.trade_status, o.is_finish, x.at
FROM (
    SELECT at, id FROM (
        SELECT expires_at AS at, id FROM user_order FORCE INDEX (user_order_expires)
        WHERE expires_at = ? AND id > ? ORDER BY id LIMIT ?) AS same
    UNION ALL
    SELECT at, id FROM (
        SELECT expires_at AS at, id FROM user_order FORCE INDEX (user_order_expires)
        WHERE expires_at > ? AND expires_at <= ? AND DAYOFMONTH(expires_at) > 0 AND MONTH(expires_at) > 0 ORDER BY expires_at, id LIMIT ?) AS later
    ORDER BY at, id
    LIMIT ?
) AS x
STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = x.id
ORDER BY x.at, x.id

-- Not the DSL: it has no rows to join with; STRAIGHT_JOIN and FORCE INDEX keep the plan from the keys to the rows.
UPDATE (
    SELECT 0 AS id, '' AS order_id
-- for each row, joined by
    UNION ALL SELECT ?, ?
-- end of rows
) AS v
STRAIGHT_JOIN stock_item AS s FORCE INDEX (PRIMARY) ON s.id = v.id
SET s.state = 'delivered', s.order_id = v.order_id

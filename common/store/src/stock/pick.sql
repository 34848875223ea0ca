-- Not DSL: FORCE INDEX keeps the plan. With any other, MySQL locks codes that nobody has asked for.
-- Parameters: product, id of the code behind which to begin, how many.
SELECT id
FROM stock_item FORCE INDEX (stock_item_pick)
WHERE product_id = ? AND state = 'available' AND id > ?
ORDER BY id
LIMIT ?
FOR UPDATE SKIP LOCKED

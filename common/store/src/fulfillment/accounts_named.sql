-- Not DSL: FORCE INDEX keeps the plan.
-- Parameters: paused merchants and products as JSON, limit.
SELECT f.order_id
FROM fulfillment AS f FORCE INDEX (fulfillment_turn)
JOIN user_order AS o ON o.id = f.order_id
WHERE f.state = 'awaiting_account' AND TRIM(o.account) <> '' AND o.status IN (8, 4, 106)
  AND o.merchant NOT IN (
      SELECT m.name FROM JSON_TABLE(?, '$[*]' COLUMNS (name VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS m)
  AND o.product_id NOT IN (
      SELECT p.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS p)
ORDER BY f.waiting_since, f.order_id
LIMIT ?

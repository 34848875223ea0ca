-- Not DSL: FORCE INDEX and STRAIGHT_JOIN keep the plan.
-- Parameters: product, units available, overtake_limit in microseconds; product, units available, paused merchants
-- and products as JSON, limit.
-- `barrier` is the first paid of the orders that have waited too long and cannot be served yet.
SELECT f.order_id
FROM fulfillment AS f FORCE INDEX (fulfillment_turn)
JOIN user_order AS o ON o.id = f.order_id
LEFT JOIN (
    SELECT COALESCE(late.paid_dtime, waits.waiting_since) AS paid_at, late.id
    FROM fulfillment AS waits FORCE INDEX (fulfillment_turn)
    JOIN user_order AS late ON late.id = waits.order_id
    WHERE waits.state = 'awaiting_stock' AND waits.product_id = ? AND waits.units > ?
      AND waits.waiting_since <= UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND
      AND late.status IN (8, 4, 106)
    ORDER BY paid_at, late.id
    LIMIT 1
) AS barrier ON TRUE
WHERE f.state = 'awaiting_stock' AND f.product_id = ? AND f.units <= ?
  AND o.status IN (8, 4, 106)
  AND o.merchant NOT IN (
      SELECT m.name FROM JSON_TABLE(?, '$[*]' COLUMNS (name VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS m)
  AND o.product_id NOT IN (
      SELECT p.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS p)
  AND (barrier.id IS NULL OR COALESCE(o.paid_dtime, f.waiting_since) < barrier.paid_at
       OR (COALESCE(o.paid_dtime, f.waiting_since) = barrier.paid_at AND o.id < barrier.id))
ORDER BY COALESCE(o.paid_dtime, f.waiting_since), o.id
LIMIT ?

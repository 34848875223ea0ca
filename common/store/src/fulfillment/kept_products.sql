-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
-- Parameters: product ids as JSON, overtake_limit in microseconds. Stops at the first such order of each product.
SELECT j.product_id
FROM JSON_TABLE(?, '$[*]' COLUMNS (product_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j
WHERE EXISTS (
    SELECT 1
    FROM fulfillment AS f FORCE INDEX (fulfillment_turn)
    JOIN user_order AS o ON o.id = f.order_id
    WHERE f.state = 'awaiting_stock' AND f.product_id = j.product_id
      AND f.waiting_since <= UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND
      AND o.status IN (8, 4, 106))

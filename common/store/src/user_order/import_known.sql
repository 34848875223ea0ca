-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
-- The keys are a derived table: MySQL refuses a locking clause over JSON_TABLE itself (error 3569).
SELECT STRAIGHT_JOIN o.id, o.merchant, o.account, o.product_id, o.quantity, o.total_fee,
       o.created_at, f.state,
       f.is_imported
FROM (SELECT j.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j) AS k
JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = k.id
LEFT JOIN fulfillment AS f FORCE INDEX (PRIMARY) ON f.order_id = o.id
FOR UPDATE

-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
-- STRAIGHT_JOIN: go from the keys to the primary key, in the order of the keys. Any other plan would
-- lock rows of strangers. FORCE INDEX: on a small table the optimizer would rather scan and lock it whole.
-- The keys are a derived table: MySQL refuses a locking clause over JSON_TABLE itself (error 3569).
SELECT STRAIGHT_JOIN o.id, o.merchant, o.total_fee, o.created_at, o.expires_at, o.account, o.product_id, o.quantity,
       o.expired_at, o.needs_review
FROM (SELECT j.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j) AS k
JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = k.id
FOR UPDATE SKIP LOCKED

-- A date of zeros in expires_at, as old programs write for "none", is none.
-- STRAIGHT_JOIN: go from the keys to the primary key, in the order of the keys. Any other plan would
-- lock rows of strangers. FORCE INDEX: on a small table the optimizer would rather scan and lock it whole.
-- The keys are a derived table: MySQL refuses a locking clause over JSON_TABLE itself (error 3569).
SELECT STRAIGHT_JOIN o.id, o.merchant, o.account, o.product_id, o.quantity, o.total_fee,
       IF(DAYOFMONTH(o.created_at) = 0 OR MONTH(o.created_at) = 0, TIMESTAMP'1970-01-01 00:00:00', o.created_at) AS created_at,
       IF(DAYOFMONTH(o.expires_at) = 0 OR MONTH(o.expires_at) = 0, NULL, o.expires_at) AS expires_at, o.expired_at, o.needs_review
FROM (SELECT j.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j) AS k
JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = k.id
FOR UPDATE SKIP LOCKED

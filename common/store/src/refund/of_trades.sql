-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
-- The keys are a derived table: MySQL refuses a locking clause over JSON_TABLE itself (error 3569).
SELECT STRAIGHT_JOIN r.merchant, r.trade_no, r.refund_key, r.request_no, r.running_total, r.amount, r.result,
       r.gmt_refund
FROM (SELECT j.merchant, j.trade_no
      FROM JSON_TABLE(?, '$[*]' COLUMNS (merchant VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.merchant',
          trade_no VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.trade_no')) AS j) AS k
JOIN refund AS r FORCE INDEX (PRIMARY) ON r.merchant = k.merchant AND r.trade_no = k.trade_no
FOR UPDATE

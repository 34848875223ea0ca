-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
-- The keys are a derived table: MySQL refuses a locking clause over JSON_TABLE itself (error 3569).
SELECT STRAIGHT_JOIN t.trade_no, t.order_id
FROM (SELECT j.trade_no
      FROM JSON_TABLE(?, '$[*]' COLUMNS (trade_no VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j) AS k
JOIN trade AS t FORCE INDEX (trade_trade_no) ON t.trade_no = k.trade_no
FOR UPDATE

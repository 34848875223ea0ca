-- Not DSL: FORCE INDEX and SKIP LOCKED.
-- Parameters: merchant, paused products as JSON, limit.
SELECT request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, error, running_total, of_rejected,
       created_at, UTC_TIMESTAMP(6) AS now
FROM refund_request FORCE INDEX (refund_request_due)
WHERE merchant = ? AND due_at <= UTC_TIMESTAMP(6) AND state IN ('asked', 'unknown')
  AND NOT EXISTS (
      SELECT 1
      FROM user_order AS o
      JOIN JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS p ON p.id = o.product_id
      WHERE o.id = refund_request.order_id)
ORDER BY due_at
LIMIT ?
FOR UPDATE SKIP LOCKED

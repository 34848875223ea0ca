-- Not DSL: FORCE INDEX and SKIP LOCKED.
SELECT request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, error, running_total, of_rejected,
       created_at, UTC_TIMESTAMP(6) AS now
FROM refund_request FORCE INDEX (refund_request_due)
WHERE merchant = ? AND due_at <= UTC_TIMESTAMP(6) AND state IN ('asked', 'unknown')
ORDER BY due_at
LIMIT ?
FOR UPDATE SKIP LOCKED

-- Requests that Alipay had answered before notifications settled them: they said asked or unknown beside a refund that was
-- made. From now on the worker does this with each notification.
UPDATE refund_request AS r
JOIN refund AS f ON f.merchant = r.merchant AND f.trade_no = r.trade_no AND f.request_no = r.request_no
SET r.state = 'accepted', r.error = NULL, r.due_at = NULL, r.ended_at = COALESCE(r.ended_at, UTC_TIMESTAMP(6))
WHERE r.state <> 'accepted' AND COALESCE(f.result, 'SUCCESS') = 'SUCCESS';

UPDATE refund_request AS r
JOIN refund AS f ON f.merchant = r.merchant AND f.trade_no = r.trade_no AND f.request_no = r.request_no
SET r.state = 'refused', r.error = CONCAT('Alipay told that it failed: ', f.result), r.due_at = NULL,
    r.ended_at = UTC_TIMESTAMP(6)
WHERE r.state IN ('asked', 'unknown') AND f.result <> 'SUCCESS';

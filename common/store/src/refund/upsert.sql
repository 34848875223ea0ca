-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO refund (merchant, trade_no, refund_key, request_no, running_total, amount, result, gmt_refund) VALUES
-- for each row, joined by ,
(?, ?, ?, ?, ?, ?, ?, ?)
-- end of rows
ON DUPLICATE KEY UPDATE
    result = IF(result = 'SUCCESS', result, IF(VALUES(result) = 'SUCCESS', VALUES(result),
        COALESCE(GREATEST(result, VALUES(result)), result, VALUES(result)))),
    running_total = COALESCE(GREATEST(running_total, VALUES(running_total)), running_total, VALUES(running_total)),
    amount = COALESCE(GREATEST(amount, VALUES(amount)), amount, VALUES(amount)),
    gmt_refund = COALESCE(GREATEST(gmt_refund, VALUES(gmt_refund)), gmt_refund, VALUES(gmt_refund))

INSERT INTO refund (merchant, trade_no, refund_key, request_no, running_total, amount, result, gmt_refund)
SELECT j.merchant, j.trade_no, j.refund_key, j.request_no, j.running_total, j.amount, j.result, j.gmt_refund
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    merchant MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.merchant',
    trade_no MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.trade_no',
    refund_key MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.refund_key',
    request_no MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.request_no', running_total BIGINT PATH '$.running_total',
    amount BIGINT PATH '$.amount', result MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.result',
    gmt_refund DATETIME(6) PATH '$.gmt_refund')) AS j
ON DUPLICATE KEY UPDATE
    result = IF(refund.result = 'SUCCESS', refund.result, COALESCE(j.result, refund.result)),
    running_total = COALESCE(GREATEST(refund.running_total, j.running_total), refund.running_total, j.running_total),
    amount = COALESCE(GREATEST(refund.amount, j.amount), refund.amount, j.amount),
    gmt_refund = COALESCE(GREATEST(refund.gmt_refund, j.gmt_refund), refund.gmt_refund, j.gmt_refund)

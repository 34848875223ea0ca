-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
-- A number that is there already keeps its row as it is.
INSERT INTO refund_request
    (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, due_at)
SELECT j.request_no, j.merchant, j.order_id, j.trade_no, j.amount, TRUE, j.reason, j.asked_by, 'asked',
       UTC_TIMESTAMP(6)
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    request_no MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.request_no',
    merchant MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.merchant',
    order_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.order_id',
    trade_no MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.trade_no', amount BIGINT PATH '$.amount',
    reason MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.reason',
    asked_by MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.asked_by')) AS j
ON DUPLICATE KEY UPDATE request_no = j.request_no

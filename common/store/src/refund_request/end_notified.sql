-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
-- What a notification says of a refund that was asked for here ends its request: by number, merchant and trade. A success stays
-- one, whatever comes later. The row of refund has been written in this transaction, so nobody is waited for.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
    merchant VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.merchant',
    trade_no VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.trade_no',
    refund_key VARCHAR(255) CHARACTER SET utf8mb4 PATH '$.refund_key')) AS j
STRAIGHT_JOIN refund AS f FORCE INDEX (PRIMARY)
    ON f.merchant = j.merchant AND f.trade_no = j.trade_no AND f.refund_key = j.refund_key
STRAIGHT_JOIN refund_request AS r FORCE INDEX (PRIMARY)
    ON r.request_no = f.request_no AND r.merchant = f.merchant AND r.trade_no = f.trade_no
SET
    r.error = IF(COALESCE(f.result, 'SUCCESS') = 'SUCCESS',
        IF(f.amount <> r.amount, CONCAT('Alipay told of another amount: ', f.amount, ' fen'), NULL),
        CONCAT('Alipay told that it failed: ', f.result)),
    r.state = IF(COALESCE(f.result, 'SUCCESS') = 'SUCCESS', 'accepted', 'refused'),
    r.running_total = COALESCE(r.running_total, f.running_total),
    r.due_at = NULL,
    r.ended_at = UTC_TIMESTAMP(6)
WHERE r.state <> 'accepted'

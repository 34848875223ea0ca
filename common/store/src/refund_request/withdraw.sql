-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (request_no VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j
STRAIGHT_JOIN refund_request AS r FORCE INDEX (PRIMARY) ON r.request_no = j.request_no
SET
    r.state = 'refused',
    r.error = 'withdrawn: the trade is not late, or its money is back already',
    r.due_at = NULL,
    r.ended_at = UTC_TIMESTAMP(6)
WHERE r.state = 'asked'

-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
INSERT INTO retry_copy (message_id, attempt, tier, merchant, order_id, first_seen, due_at)
SELECT j.message_id, j.attempt, j.tier, j.merchant, j.order_id, j.first_seen, UTC_TIMESTAMP(6) + INTERVAL j.seconds SECOND
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    message_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.message_id', attempt INT PATH '$.attempt',
    tier VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.tier', merchant VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.merchant',
    order_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.order_id', first_seen DATETIME(6) PATH '$.first_seen',
    seconds INT PATH '$.seconds')) AS j
ON DUPLICATE KEY UPDATE due_at = GREATEST(retry_copy.due_at, UTC_TIMESTAMP(6) + INTERVAL j.seconds SECOND)

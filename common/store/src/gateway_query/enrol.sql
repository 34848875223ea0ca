-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
-- A row that is there is brought forward by a request alone, and not by one that was made before the latest
-- question: that question answers it. One order is not asked about more often than every five seconds.
INSERT INTO gateway_query (order_id, merchant, why, due_at)
SELECT j.order_id, j.merchant, j.why, UTC_TIMESTAMP(6)
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id',
    merchant VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.merchant',
    why VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.why', forward INT PATH '$.forward',
    requested_at DATETIME(6) PATH '$.requested_at')) AS j
ON DUPLICATE KEY UPDATE
    why = IF(j.forward AND (gateway_query.asked_at IS NULL OR j.requested_at IS NULL
            OR gateway_query.asked_at < j.requested_at)
        AND gateway_query.due_at > GREATEST(UTC_TIMESTAMP(6),
            COALESCE(gateway_query.asked_at + INTERVAL 5 SECOND, UTC_TIMESTAMP(6))), j.why, gateway_query.why),
    due_at = IF(j.forward AND (gateway_query.asked_at IS NULL OR j.requested_at IS NULL
            OR gateway_query.asked_at < j.requested_at),
        LEAST(gateway_query.due_at, GREATEST(UTC_TIMESTAMP(6),
            COALESCE(gateway_query.asked_at + INTERVAL 5 SECOND, UTC_TIMESTAMP(6)))), gateway_query.due_at)

-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN n.merchant, n.kind, n.message_id, n.reason, n.form
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    merchant VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.merchant',
    kind VARCHAR(32) CHARACTER SET utf8mb4 PATH '$.kind',
    message_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.message_id')) AS k
JOIN notification AS n FORCE INDEX (notification_message)
    ON n.merchant = k.merchant AND n.kind = k.kind AND n.message_id = k.message_id
WHERE n.outcome = 'rejected' AND n.reason IS NOT NULL AND n.dead_since > UTC_TIMESTAMP(6) - INTERVAL 1 DAY

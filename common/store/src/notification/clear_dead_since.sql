-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
    merchant VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.merchant',
    kind VARCHAR(32) CHARACTER SET utf8mb4 PATH '$.kind',
    message_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.message_id')) AS k
STRAIGHT_JOIN notification AS n FORCE INDEX (notification_message)
    ON n.merchant = k.merchant AND n.kind = k.kind AND n.message_id = k.message_id
SET n.dead_since = NULL

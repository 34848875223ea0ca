-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
    message_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.was.message_id', was_copies INT PATH '$.was.copies',
    was_state MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.was.state', copies INT PATH '$.copies',
    state MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.state')) AS j
STRAIGHT_JOIN dead_letter AS d FORCE INDEX (PRIMARY) ON d.message_id = j.message_id
SET d.copies = j.copies, d.state = j.state, d.changed_at = UTC_TIMESTAMP(6)
WHERE d.copies = j.was_copies AND d.state = j.was_state

-- Not DSL: rows as one JSON parameter keep the text static. A statement of its own: an UPDATE of two tables assigns in any order.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
    message_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.message_id', copies INT PATH '$.copies',
    state MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.state')) AS j
STRAIGHT_JOIN dead_letter AS d FORCE INDEX (PRIMARY) ON d.message_id = j.message_id
SET d.state = j.state
WHERE d.copies <= j.copies

-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (message_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j
STRAIGHT_JOIN dead_letter AS d FORCE INDEX (PRIMARY) ON d.message_id = j.message_id
SET d.state = 'waiting', d.copies = d.copies + 1, d.changed_at = UTC_TIMESTAMP(6)

-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
DELETE d
FROM JSON_TABLE(?, '$[*]' COLUMNS (message_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS j
STRAIGHT_JOIN dead_letter AS d FORCE INDEX (PRIMARY) ON d.message_id = j.message_id

-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
DELETE c
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    message_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.message_id', attempt INT PATH '$.attempt')) AS j
STRAIGHT_JOIN retry_copy AS c FORCE INDEX (PRIMARY) ON c.message_id = j.message_id AND c.attempt = j.attempt

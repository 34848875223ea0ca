-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id', state MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.state',
    error MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.error')) AS j
STRAIGHT_JOIN decision AS d FORCE INDEX (PRIMARY) ON d.id = j.id
SET d.state = j.state, d.error = CONCAT(j.error), d.ended_at = UTC_TIMESTAMP(6)
WHERE d.state = 'open'

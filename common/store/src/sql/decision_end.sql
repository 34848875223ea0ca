UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id', state TEXT CHARACTER SET utf8mb4 PATH '$.state',
    error TEXT CHARACTER SET utf8mb4 PATH '$.error')) AS j
STRAIGHT_JOIN decision AS d FORCE INDEX (PRIMARY) ON d.id = j.id
SET d.state = j.state, d.error = j.error, d.ended_at = UTC_TIMESTAMP(6)
WHERE d.state = 'open'

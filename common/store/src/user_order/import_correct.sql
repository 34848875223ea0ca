-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
-- An order that is here with the time of its import gets its own. It can be paid as long as the old system says: for ever.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.id',
    created_at DATETIME(6) PATH '$.created_at')) AS j
STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = j.id
SET o.created_at = j.created_at, o.expires_at = NULL

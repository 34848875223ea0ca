-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.id')) AS j
STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = j.id
SET o.is_send_goods = 1

UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id',
    order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id')) AS j
STRAIGHT_JOIN stock_item AS s FORCE INDEX (PRIMARY) ON s.id = j.id
SET s.state = 'delivered', s.order_id = j.order_id

-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
STRAIGHT_JOIN stock_item AS s FORCE INDEX (stock_item_order) ON s.order_id = k.id AND s.state = 'delivered'
STRAIGHT_JOIN product AS p FORCE INDEX (PRIMARY) ON p.id = s.product_id
SET s.state = IF(p.resell_returned, 'available', 'returned'),
    s.order_id = IF(p.resell_returned, NULL, s.order_id)

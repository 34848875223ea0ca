-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
INSERT INTO fulfillment (order_id, product_id, state, units, given, is_imported)
SELECT j.id, j.product_id, 'delivered', j.quantity, j.quantity, TRUE
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.id',
    product_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.product_id', quantity INT PATH '$.quantity')) AS j

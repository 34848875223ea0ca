-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
-- CHARACTER SET: without one a text column here has that of the schema, and what does not fit there turns into a question mark.
INSERT IGNORE INTO stock_item (product_id, code)
SELECT ?, j.code FROM JSON_TABLE(?, '$[*]' COLUMNS (code MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$')) AS j

-- Not DSL: codes are compared by a hash of the server, and the keys are one JSON parameter.
-- CHARACTER SET: without one a text column here has that of the schema, and what does not fit there turns into a question mark.
SELECT STRAIGHT_JOIN s.code
FROM JSON_TABLE(?, '$[*]' COLUMNS (code MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$')) AS j
JOIN stock_item AS s FORCE INDEX (stock_item_code)
    ON s.product_id = ? AND s.code_hash = UNHEX(SHA2(CAST(j.code AS BINARY), 256))

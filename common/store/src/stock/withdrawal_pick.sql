-- Not DSL: codes are compared by a hash of the server, and the keys are one JSON parameter.
-- A derived table: MySQL refuses to lock rows beside JSON_TABLE itself.
SELECT STRAIGHT_JOIN s.id
FROM (SELECT DISTINCT UNHEX(SHA2(CAST(j.code AS BINARY), 256)) AS code_hash
      FROM JSON_TABLE(?, '$[*]' COLUMNS (code MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$')) AS j) AS k
JOIN stock_item AS s FORCE INDEX (stock_item_code)
    ON s.product_id = ? AND s.code_hash = k.code_hash AND s.state = 'available'
FOR UPDATE SKIP LOCKED

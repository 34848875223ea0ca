-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
-- expires_at is named: the column's default may be a time from now.
INSERT INTO user_order (id, merchant, account, product_id, quantity, subject, total_fee, created_at, expires_at)
SELECT j.id, j.merchant, j.account, j.product_id, j.quantity, j.subject, j.total_fee, j.created_at, NULL
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.id',
    merchant MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.merchant',
    account MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.account',
    product_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.product_id', quantity INT PATH '$.quantity',
    subject MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.subject', total_fee BIGINT PATH '$.total_fee',
    created_at DATETIME(6) PATH '$.created_at')) AS j

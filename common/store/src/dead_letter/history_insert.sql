-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
INSERT INTO dead_letter_audit (action, message_id, order_id, done_by, note, headers, body)
SELECT j.action, j.message_id, j.order_id, j.done_by, CONCAT(j.note), CONCAT(j.headers), j.body
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    action MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.action', message_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.message_id',
    order_id MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.order_id', done_by MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.done_by',
    note MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.note', headers MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.headers',
    body MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.body')) AS j

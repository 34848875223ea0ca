INSERT INTO dead_letter_audit (action, message_id, order_id, done_by, note, headers, body)
SELECT j.action, j.message_id, j.order_id, j.done_by, j.note, j.headers, j.body
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    action TEXT CHARACTER SET utf8mb4 PATH '$.action', message_id TEXT CHARACTER SET utf8mb4 PATH '$.message_id',
    order_id TEXT CHARACTER SET utf8mb4 PATH '$.order_id', done_by TEXT CHARACTER SET utf8mb4 PATH '$.done_by',
    note TEXT CHARACTER SET utf8mb4 PATH '$.note', headers TEXT CHARACTER SET utf8mb4 PATH '$.headers',
    body MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.body')) AS j

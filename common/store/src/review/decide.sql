-- Not DSL: rows as one JSON parameter keep the text static, whatever their number.
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$.id',
    decision MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.decision',
    decided_by MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.decided_by',
    note MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.note', ended_at DATETIME(6) PATH '$.ended_at')) AS j
STRAIGHT_JOIN review AS r FORCE INDEX (PRIMARY) ON r.id = j.id
SET r.state = 'decided', r.decision = j.decision, r.decided_by = j.decided_by, r.note = CONCAT(j.note),
    r.ended_at = j.ended_at
WHERE r.state = 'open'

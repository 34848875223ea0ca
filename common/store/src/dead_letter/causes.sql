-- Not DSL: keys as one JSON parameter keep the text static, STRAIGHT_JOIN and FORCE INDEX the plan.
SELECT STRAIGHT_JOIN d.message_id, d.reason, d.fingerprint
FROM JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k
JOIN dead_letter AS d FORCE INDEX (PRIMARY) ON d.message_id = k.id

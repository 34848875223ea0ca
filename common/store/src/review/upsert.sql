INSERT INTO review (order_id, reason, evidence, state)
SELECT j.order_id, j.reason, j.evidence, j.state
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id',
    reason MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.reason', evidence MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.evidence',
    state MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.state')) AS j
ON DUPLICATE KEY UPDATE
    ended_at = IF(review.state = 'decided', review.ended_at, IF(j.state = 'open', NULL, UTC_TIMESTAMP(6))),
    state = IF(review.state = 'decided', review.state, j.state)

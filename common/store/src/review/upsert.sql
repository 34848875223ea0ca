-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO review (order_id, reason, evidence, state, ended_at) VALUES
-- for each row, joined by ,
(?, ?, ?, ?, IF(?, NULL, UTC_TIMESTAMP(6)))
-- end of rows
ON DUPLICATE KEY UPDATE
    ended_at = IF(state = 'decided', ended_at, VALUES(ended_at)),
    state = IF(state = 'decided', state, VALUES(state))

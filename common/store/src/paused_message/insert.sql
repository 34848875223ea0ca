-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO paused_message
    (pause_id, message_id, body_digest, body, kind, merchant, order_id, attempt, was_dead, first_seen, traceparent,
     tracestate)
VALUES
-- for each row, joined by ,
(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- end of rows
-- A replayed letter can meet its own first copy: what is known of the letter stays.
ON DUPLICATE KEY UPDATE pause_id = VALUES(pause_id), was_dead = was_dead OR VALUES(was_dead), attempt = GREATEST(attempt, VALUES(attempt))

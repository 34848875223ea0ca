-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO outbox (order_id, event, traceparent) VALUES
-- for each row, joined by ,
(?, ?, ?)
-- end of rows
ON DUPLICATE KEY UPDATE event = VALUES(event)

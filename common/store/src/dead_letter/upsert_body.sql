-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO dead_letter_body (message_id, body)
VALUES
-- for each row, joined by ,
(?, ?)
-- end of rows
ON DUPLICATE KEY UPDATE body = VALUES(body)

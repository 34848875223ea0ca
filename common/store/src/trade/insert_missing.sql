-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO trade (order_id, trade_no) VALUES
-- for each row, joined by ,
(?, ?)
-- end of rows
ON DUPLICATE KEY UPDATE trade_no = VALUES(trade_no)

-- Until when an order can be paid. A shop sets expires_at, for each order or for all of them:
--   ALTER TABLE user_order ALTER expires_at SET DEFAULT (UTC_TIMESTAMP(6) + INTERVAL 30 MINUTE)
ALTER TABLE user_order
    ADD COLUMN expires_at DATETIME(6) NULL COMMENT 'UTC, set by the shop: unpaid after this it is closed at Alipay and then here; NULL never' AFTER created_at,
    ADD COLUMN expired_at DATETIME(6) NULL COMMENT 'when Alipay said that there is nothing to close' AFTER expires_at,
    ADD KEY user_order_expires (expires_at);

-- How far orders have been looked through by (expires_at, id): once when their time is over, and an hour later for those
-- that were committed late.
INSERT IGNORE INTO gateway_query_cursor (name, reached) VALUES
    ('expired', UTC_TIMESTAMP(6) - INTERVAL 16 DAY),
    ('expired_late', UTC_TIMESTAMP(6) - INTERVAL 16 DAY);

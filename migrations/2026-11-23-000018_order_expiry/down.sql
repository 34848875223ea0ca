DELETE FROM gateway_query_cursor WHERE name IN ('expired', 'expired_late');
ALTER TABLE user_order
    DROP KEY user_order_expires,
    DROP COLUMN expired_at,
    DROP COLUMN expires_at;

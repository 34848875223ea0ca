ALTER TABLE trade DROP COLUMN confirmed_at;
ALTER TABLE user_order DROP KEY user_order_created;
DROP TABLE gateway_query_cursor;
DROP TABLE gateway_query;

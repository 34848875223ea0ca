-- Paid orders without goods are read from the key: among a million delivered orders they are few. All its columns are written
-- by the statement that writes the status.
ALTER TABLE user_order
    DROP KEY user_order_status,
    ADD KEY user_order_status (status, is_send_goods, is_finish, trade_status);

ALTER TABLE user_order DROP KEY user_order_status, ADD KEY user_order_status (status, id);

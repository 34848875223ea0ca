ALTER TABLE user_order DROP KEY user_order_account;

-- The orders of an account: what extended and shortened its subscriptions.
ALTER TABLE user_order ADD KEY user_order_account (account, product_id);

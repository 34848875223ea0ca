-- Which merchants the orders name, and the latest orders of each: a name that nobody serves is told.
ALTER TABLE user_order ADD KEY user_order_merchant (merchant, created_at);

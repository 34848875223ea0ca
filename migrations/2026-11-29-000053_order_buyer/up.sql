-- The orders of a buyer: `ops order list --buyer`, and the console's search.
ALTER TABLE user_order ADD KEY user_order_buyer (buyer_id(64));

ALTER TABLE user_order DROP KEY user_order_buyer_email, DROP KEY user_order_total;
ALTER TABLE stock_withdrawn_code DROP KEY stock_withdrawn_code_code, DROP COLUMN code_hash;
ALTER TABLE stock_resale DROP KEY stock_resale_code, DROP COLUMN code_hash;

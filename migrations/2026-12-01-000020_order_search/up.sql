-- For searches by code, amount and the buyer's account at Alipay, of which each would read whole tables. Codes have up to 8192
-- bytes, which no key takes: so they are found by their hash, as in stock_item.
ALTER TABLE stock_resale
    ADD COLUMN code_hash BINARY(32) GENERATED ALWAYS AS (UNHEX(SHA2(code, 256))) STORED COMMENT 'SHA-256 of the code',
    ADD KEY stock_resale_code (code_hash);

ALTER TABLE stock_withdrawn_code
    ADD COLUMN code_hash BINARY(32) GENERATED ALWAYS AS (UNHEX(SHA2(code, 256))) STORED COMMENT 'SHA-256 of the code',
    ADD KEY stock_withdrawn_code_code (code_hash);

ALTER TABLE user_order
    ADD KEY user_order_total (total_fee, created_at),
    ADD KEY user_order_buyer_email (buyer_email(64));

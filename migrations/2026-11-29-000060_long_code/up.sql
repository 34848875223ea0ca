-- Licence files and cards with a PIN and an address are longer than 512 bytes. An index holds 3,072 bytes at most, so codes
-- are unique by their hash; the second index finds a code whichever product has it. The table is written anew once.
ALTER TABLE stock_item
    DROP KEY stock_item_code,
    MODIFY COLUMN code VARBINARY(8192) NOT NULL COMMENT 'UTF-8',
    ADD COLUMN code_hash BINARY(32) GENERATED ALWAYS AS (UNHEX(SHA2(code, 256))) STORED COMMENT 'SHA-256 of the code',
    ADD UNIQUE KEY stock_item_code (product_id, code_hash),
    ADD KEY stock_item_any_product (code_hash);

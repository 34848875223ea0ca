ALTER TABLE stock_item
    DROP KEY stock_item_any_product,
    DROP KEY stock_item_code,
    DROP COLUMN code_hash,
    MODIFY COLUMN code VARBINARY(512) NOT NULL COMMENT 'UTF-8',
    ADD UNIQUE KEY stock_item_code (product_id, code);

-- An event is about an order or about a product. Workers of the version before go on meanwhile: they write events of
-- orders and leave those of products to newer ones.
ALTER TABLE outbox
    MODIFY COLUMN order_id VARBINARY(64) NULL,
    ADD COLUMN product_id VARBINARY(64) NULL COMMENT 'of an event without an order',
    ADD COLUMN available  INT           NULL COMMENT 'codes when stock became low',
    ADD COLUMN threshold  INT           NULL COMMENT 'product.low_stock then';

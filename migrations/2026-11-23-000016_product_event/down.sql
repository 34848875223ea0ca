DELETE FROM outbox WHERE order_id IS NULL;
ALTER TABLE outbox
    DROP COLUMN threshold,
    DROP COLUMN available,
    DROP COLUMN product_id,
    MODIFY COLUMN order_id VARBINARY(64) NOT NULL;

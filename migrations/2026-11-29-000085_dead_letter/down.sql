DROP TABLE dead_letter;
ALTER TABLE redelivery DROP KEY redelivery_order, DROP COLUMN order_id, DROP COLUMN merchant;

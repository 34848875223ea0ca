ALTER TABLE product DROP COLUMN low_stock;

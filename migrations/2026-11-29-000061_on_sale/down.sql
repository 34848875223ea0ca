ALTER TABLE product DROP COLUMN on_sale;

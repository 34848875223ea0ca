ALTER TABLE fulfillment DROP COLUMN is_imported;

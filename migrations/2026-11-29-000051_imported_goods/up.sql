-- Orders of an old system can be imported with the time they were made and with goods that the old system delivered. Such
-- goods have no code in stock_item, and a person has to take them back.
ALTER TABLE fulfillment ADD COLUMN is_imported BOOLEAN NOT NULL DEFAULT FALSE
    COMMENT 'another system delivered the goods before the order was imported';

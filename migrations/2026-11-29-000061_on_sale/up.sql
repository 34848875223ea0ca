-- A product that is off sale takes no new orders; orders that are paid get their goods all the same.
ALTER TABLE product ADD COLUMN on_sale BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'takes new orders';

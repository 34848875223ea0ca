-- Below this many available codes a product counts as low in stock; without it nobody watches.
ALTER TABLE product ADD COLUMN low_stock INT NULL COMMENT 'warn below so many available codes';

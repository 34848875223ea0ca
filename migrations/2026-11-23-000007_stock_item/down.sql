DROP TABLE stock_item;

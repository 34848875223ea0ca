DROP TABLE stock_resale;

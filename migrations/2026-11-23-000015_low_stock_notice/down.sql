DROP TABLE low_stock_notice;

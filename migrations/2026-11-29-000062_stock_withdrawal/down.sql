DROP TABLE stock_withdrawn_code;
DROP TABLE stock_withdrawal;

DROP TABLE order_expired;

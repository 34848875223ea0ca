DROP TABLE user_order;

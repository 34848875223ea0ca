DROP TABLE redelivery;

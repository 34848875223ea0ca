DROP TABLE fulfillment;

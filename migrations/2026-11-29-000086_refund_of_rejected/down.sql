ALTER TABLE refund_request DROP KEY refund_request_trade, DROP COLUMN of_rejected;

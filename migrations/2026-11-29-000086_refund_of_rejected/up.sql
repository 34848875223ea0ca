-- A refund of a payment that no order took: the order of the row is the number that the payment names, and there may be no
-- such order. What Alipay tells of such a refund ends here, and in refund.
ALTER TABLE refund_request
    ADD COLUMN of_rejected BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the payment was rejected: no order has its trade',
    ADD KEY refund_request_trade (trade_no);

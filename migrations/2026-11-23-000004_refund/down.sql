DROP TABLE refund;

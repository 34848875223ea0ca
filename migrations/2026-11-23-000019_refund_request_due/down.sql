ALTER TABLE refund_request DROP KEY refund_request_due, DROP COLUMN due_at;

-- A refund that a worker carries out by itself (late money, expired orders) has a time at which a worker takes it up; one
-- that an operator asked for has none. While a worker is at it, the time is its lease. Workers of the version before leave
-- such rows alone.
ALTER TABLE refund_request
    ADD COLUMN due_at DATETIME(6) NULL COMMENT 'when a worker takes it up; NULL: nothing for a worker to do',
    ADD KEY refund_request_due (merchant, due_at);

-- The event continues the trace of the notification that caused it. Workers of the version before leave it out.
ALTER TABLE outbox
    ADD COLUMN traceparent VARBINARY(55) NULL COMMENT 'W3C trace context of the cause';

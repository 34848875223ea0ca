-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO dead_letter (
    message_id, kind, merchant, order_id, trade_no, reason, error, fingerprint, cause, attempts, first_seen, traceparent,
    worker_version, first_died_at, died_at, is_recorded)
VALUES
-- for each row, joined by ,
(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- end of rows
ON DUPLICATE KEY UPDATE
    kind = VALUES(kind), merchant = VALUES(merchant), order_id = VALUES(order_id), trade_no = VALUES(trade_no),
    reason = VALUES(reason), error = VALUES(error), fingerprint = VALUES(fingerprint), cause = VALUES(cause),
    attempts = VALUES(attempts), first_seen = VALUES(first_seen), traceparent = VALUES(traceparent),
    worker_version = VALUES(worker_version), died_at = VALUES(died_at), is_recorded = VALUES(is_recorded),
    deaths = deaths + 1, copies = copies + 1, state = 'waiting', changed_at = UTC_TIMESTAMP(6)

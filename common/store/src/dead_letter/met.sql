-- Not the DSL: it takes a statement of several rows for one that may not be cached. A row without a cause is of an older program; one
-- that is inserted has no letter until the comparison has counted them, and a time of change before it.
INSERT INTO dead_letter (
    message_id, kind, merchant, order_id, trade_no, reason, error, fingerprint, cause, attempts, first_seen, traceparent,
    worker_version, first_died_at, died_at, is_recorded, copies, state, changed_at)
VALUES
-- for each row, joined by ,
(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'gone', '2000-01-01')
-- end of rows
ON DUPLICATE KEY UPDATE
    kind = IF(cause = '', VALUES(kind), kind),
    trade_no = IF(cause = '', VALUES(trade_no), trade_no),
    fingerprint = IF(cause = '', VALUES(fingerprint), fingerprint),
    attempts = IF(cause = '', VALUES(attempts), attempts),
    first_seen = IF(cause = '', VALUES(first_seen), first_seen),
    traceparent = IF(cause = '', VALUES(traceparent), traceparent),
    worker_version = IF(cause = '', VALUES(worker_version), worker_version),
    died_at = IF(cause = '', VALUES(died_at), died_at),
    cause = IF(cause = '', VALUES(cause), cause)

-- Not the DSL: it takes a statement of several rows for one that may not be cached. A row without a cause is of an older program, and of
-- several copies the one that died last counts; what is compared is assigned last. A row that is inserted has no letter until the
-- comparison has counted them, and a time of change before it.
INSERT INTO dead_letter (
    message_id, kind, merchant, order_id, trade_no, reason, error, fingerprint, cause, attempts, first_seen, traceparent,
    worker_version, first_died_at, died_at, is_recorded, copies, state, changed_at)
VALUES
-- for each row, joined by ,
(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 'gone', '2000-01-01')
-- end of rows
ON DUPLICATE KEY UPDATE
    kind = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(kind), kind),
    merchant = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(merchant), merchant),
    order_id = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(order_id), order_id),
    trade_no = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(trade_no), trade_no),
    reason = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(reason), reason),
    error = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(error), error),
    fingerprint = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(fingerprint), fingerprint),
    attempts = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(attempts), attempts),
    first_seen = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(first_seen), first_seen),
    traceparent = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(traceparent), traceparent),
    worker_version = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(worker_version), worker_version),
    is_recorded = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(is_recorded), is_recorded),
    died_at = IF(cause = '' OR VALUES(died_at) > died_at, VALUES(died_at), died_at),
    cause = IF(cause = '' OR VALUES(died_at) = died_at, VALUES(cause), cause)

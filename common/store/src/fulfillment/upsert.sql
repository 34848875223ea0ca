-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO fulfillment (order_id, product_id, state, units, given, waiting_since, delivered_at, returned_at) VALUES
-- for each row, joined by ,
(?, ?, ?, ?, ?, IF(?, UTC_TIMESTAMP(6), NULL), IF(?, UTC_TIMESTAMP(6), NULL), IF(?, UTC_TIMESTAMP(6), NULL))
-- end of rows
ON DUPLICATE KEY UPDATE
    state = VALUES(state),
    given = VALUES(given),
    waiting_since = IF(VALUES(waiting_since) IS NULL, waiting_since, COALESCE(waiting_since, VALUES(waiting_since))),
    delivered_at = COALESCE(VALUES(delivered_at), delivered_at),
    returned_at = COALESCE(VALUES(returned_at), returned_at)

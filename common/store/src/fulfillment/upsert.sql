INSERT INTO fulfillment (order_id, product_id, state, units, given, waiting_since, delivered_at, returned_at)
SELECT j.order_id, j.product_id, j.state, j.units,
    IF(j.state IN ('delivered', 'returned'), j.units, 0),
    IF(j.state IN ('awaiting_stock', 'awaiting_manual', 'awaiting_account'), UTC_TIMESTAMP(6), NULL),
    IF(j.state = 'delivered', UTC_TIMESTAMP(6), NULL),
    IF(j.state = 'returned', UTC_TIMESTAMP(6), NULL)
FROM JSON_TABLE(?, '$[*]' COLUMNS (
    order_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.order_id',
    product_id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$.product_id',
    state MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.state', units INT PATH '$.units')) AS j
ON DUPLICATE KEY UPDATE
    state = j.state,
    given = IF(j.state IN ('delivered', 'returned'), j.units, 0),
    waiting_since = IF(j.state IN ('awaiting_stock', 'awaiting_manual', 'awaiting_account'),
        COALESCE(fulfillment.waiting_since, UTC_TIMESTAMP(6)), fulfillment.waiting_since),
    delivered_at = IF(j.state = 'delivered', UTC_TIMESTAMP(6), fulfillment.delivered_at),
    returned_at = IF(j.state = 'returned', UTC_TIMESTAMP(6), fulfillment.returned_at)

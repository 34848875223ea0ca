-- A subscription that was paid and whose order names no account waits for one: the member is added at the end, so no row
-- is written anew. The index finds the order that has waited longest for a product.
ALTER TABLE fulfillment
    MODIFY COLUMN state ENUM('delivered', 'awaiting_stock', 'awaiting_manual', 'returned', 'cancelled', 'awaiting_account') NOT NULL,
    ADD KEY fulfillment_turn (state, product_id, waiting_since),
    DROP KEY fulfillment_state;

-- Until when an account has a subscription, for shops to read. A renewal that is paid before the end begins at the end: of
-- the rows in the order of their payments, each begins at its payment or at the end of those before it, whichever is later.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW entitlement_end AS
SELECT account, product_id, MAX(ends_at) AS ends_at
FROM (
    SELECT account, product_id,
        MAX(starts_at - INTERVAL days_before DAY) OVER (PARTITION BY account, product_id ORDER BY starts_at, order_id)
            + INTERVAL days_before + days DAY AS ends_at
    FROM (
        SELECT account, product_id, order_id, starts_at, days,
            SUM(days) OVER (PARTITION BY account, product_id ORDER BY starts_at, order_id) - days AS days_before
        FROM entitlement) AS counted) AS period
GROUP BY account, product_id;

DROP VIEW entitlement_end;
UPDATE fulfillment SET state = 'awaiting_manual' WHERE state = 'awaiting_account';
ALTER TABLE fulfillment
    MODIFY COLUMN state ENUM('delivered', 'awaiting_stock', 'awaiting_manual', 'returned', 'cancelled') NOT NULL,
    ADD KEY fulfillment_state (state, product_id),
    DROP KEY fulfillment_turn;

-- What waits in the retry tiers for one order: `ops order show`.
ALTER TABLE retry_copy ADD KEY retry_copy_order (order_id, due_at);

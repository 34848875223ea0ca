    -- Nothing about the order x.order_id is under way. It is finished, or was never paid (PaymentState::was_never_paid of the
    -- crate order; tests/order_is_over.rs compares), and then nobody asks about it after 16 days; its goods do not wait, and no review is open. No dead letter, no retry and no message of a pause that names it waits. A number without
    -- an order can have these alone. Scalar subqueries, since a semijoin could begin with another table.
    AND NOT COALESCE((
        SELECT o.needs_review OR NOT (o.is_finish OR o.status IN (0, 32) AND o.trade_status IN (0, 1))
        FROM user_order AS o FORCE INDEX (PRIMARY) WHERE o.id = x.order_id), FALSE)
    AND (SELECT COUNT(*) FROM fulfillment AS f FORCE INDEX (PRIMARY) WHERE f.order_id = x.order_id
        AND f.state IN ('awaiting_stock', 'awaiting_manual', 'awaiting_account')) = 0
    AND (SELECT COUNT(*) FROM notification AS d FORCE INDEX (notification_order) WHERE d.order_id = x.order_id
        AND d.dead_since IS NOT NULL) = 0
    AND (SELECT COUNT(*) FROM dead_letter AS l FORCE INDEX (dead_letter_order) WHERE l.order_id = x.order_id
        AND l.state = 'waiting') = 0
    AND (SELECT COUNT(*) FROM retry_copy AS c FORCE INDEX (retry_copy_order) WHERE c.order_id = x.order_id) = 0
    AND (SELECT COUNT(*) FROM paused_message AS w FORCE INDEX (paused_message_order) WHERE w.order_id = x.order_id) = 0

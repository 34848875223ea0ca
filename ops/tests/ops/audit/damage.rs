//! Every kind of gap, made by hand.

/// The damage in SQL, its repair, and all gaps that it must cause.
pub(super) const DAMAGE: &[(&[&str], &[&str], &[&str])] = &[
    (
        &["UPDATE user_order SET status = 4 WHERE id = 'PAID'"],
        &["UPDATE user_order SET status = 8 WHERE id = 'PAID'"],
        &["wrong_status"],
    ),
    (
        &["UPDATE user_order SET trade_status = 5 WHERE id = 'PAID'"],
        &["UPDATE user_order SET trade_status = 8 WHERE id = 'PAID'"],
        &["wrong_trade_status"],
    ),
    (
        &["UPDATE user_order SET refund_status = 6 WHERE id = 'PAID'"],
        &["UPDATE user_order SET refund_status = 0 WHERE id = 'PAID'"],
        &["wrong_refund_status"],
    ),
    (
        &["UPDATE user_order SET refunded_fee = 1 WHERE id = 'PAID'"],
        &["UPDATE user_order SET refunded_fee = 0 WHERE id = 'PAID'"],
        &["wrong_refunded_fee"],
    ),
    (
        &["UPDATE user_order SET trade_no = 'T-NEW' WHERE id = 'PAID'"],
        &["UPDATE user_order SET trade_no = 'T-PAID' WHERE id = 'PAID'"],
        &["wrong_trade_no"],
    ),
    (
        &["UPDATE user_order SET is_finish = 0 WHERE id = 'BACK'"],
        &["UPDATE user_order SET is_finish = 1 WHERE id = 'BACK'"],
        &["wrong_finish"],
    ),
    (
        &["UPDATE user_order SET paid_dtime = NULL WHERE id = 'PAID'"],
        &[
            "UPDATE user_order SET paid_dtime = (SELECT gmt_payment FROM trade WHERE order_id = 'PAID') \
           WHERE id = 'PAID'",
        ],
        &["wrong_times"],
    ),
    (
        &["UPDATE user_order SET is_send_goods = 0 WHERE id = 'PAID'"],
        &["UPDATE user_order SET is_send_goods = 1 WHERE id = 'PAID'"],
        &["wrong_goods_flags"],
    ),
    (
        &["UPDATE user_order SET is_return_goods = 0 WHERE id = 'BACK'"],
        &["UPDATE user_order SET is_return_goods = 1 WHERE id = 'BACK'"],
        &["wrong_goods_flags"],
    ),
    (
        &[
            "INSERT INTO review (order_id, reason, evidence) VALUES ('PAID', 'not_at_alipay', 'TRADE_NOT_EXIST')",
            "UPDATE user_order SET needs_review = 1 WHERE id = 'PAID'",
        ],
        &[
            "DELETE FROM review WHERE reason = 'not_at_alipay'",
            "UPDATE user_order SET needs_review = 0 WHERE id = 'PAID'",
        ],
        &["not_at_alipay"],
    ),
    (
        &["UPDATE user_order SET needs_review = 1 WHERE id = 'PAID'"],
        &["UPDATE user_order SET needs_review = 0 WHERE id = 'PAID'"],
        &["wrong_needs_review"],
    ),
    (
        &[
            "UPDATE review SET state = 'settled' WHERE order_id = 'PART'",
            "UPDATE user_order SET needs_review = 0 WHERE id = 'PART'",
        ],
        &[
            "UPDATE review SET state = 'open' WHERE order_id = 'PART'",
            "UPDATE user_order SET needs_review = 1 WHERE id = 'PART'",
        ],
        &["review_missing", "money_and_goods_differ"],
    ),
    (
        &["DELETE FROM fulfillment WHERE order_id = 'PAID'"],
        &["INSERT INTO fulfillment (order_id, product_id, state, units, given) \
           VALUES ('PAID', 'gift', 'delivered', 1, 1)"],
        &["not_delivered", "goods_not_on_record", "wrong_goods_flags", "money_and_goods_differ"],
    ),
    (
        &["UPDATE fulfillment SET state = 'delivered' WHERE order_id = 'BACK'"],
        &["UPDATE fulfillment SET state = 'returned' WHERE order_id = 'BACK'"],
        &["not_taken_back", "units_differ", "wrong_goods_flags", "money_and_goods_differ"],
    ),
    (
        &["UPDATE fulfillment SET state = 'awaiting_stock', given = 0 WHERE order_id = 'BACK'"],
        &["UPDATE fulfillment SET state = 'returned', given = 1 WHERE order_id = 'BACK'"],
        &["not_cancelled", "wrong_goods_flags"],
    ),
    (
        &["UPDATE stock_item SET state = 'delivered', order_id = 'NEW' WHERE code = 'FREE'"],
        &["UPDATE stock_item SET state = 'available', order_id = NULL WHERE code = 'FREE'"],
        &["goods_without_payment", "goods_not_on_record"],
    ),
    (
        &["UPDATE stock_item SET state = 'delivered' WHERE order_id = 'BACK'"],
        &["UPDATE stock_item SET state = 'returned' WHERE order_id = 'BACK'"],
        &["not_really_returned"],
    ),
    (
        &["UPDATE stock_item SET state = 'returned' WHERE order_id = 'PAID'"],
        &["UPDATE stock_item SET state = 'delivered' WHERE order_id = 'PAID'"],
        &["units_differ"],
    ),
    (
        &["UPDATE stock_item SET state = 'delivered', order_id = 'PAID' WHERE code = 'FREE'"],
        &["UPDATE stock_item SET state = 'available', order_id = NULL WHERE code = 'FREE'"],
        &["units_differ"],
    ),
    (
        &["UPDATE user_order SET quantity = 2 WHERE id = 'VIP'"],
        &["UPDATE user_order SET quantity = 1 WHERE id = 'VIP'"],
        &["units_differ"],
    ),
    (
        &["DELETE FROM entitlement WHERE order_id = 'VIP'"],
        &["INSERT INTO entitlement (order_id, account, product_id, days, starts_at) \
           VALUES ('VIP', 'ann', 'vip', 30, UTC_TIMESTAMP(6))"],
        &["units_differ"],
    ),
    (
        &["UPDATE stock_item SET product_id = 'gift2' WHERE order_id = 'PAID'"],
        &["UPDATE stock_item SET product_id = 'gift' WHERE order_id = 'PAID'"],
        &["another_product"],
    ),
    (
        &["UPDATE entitlement SET product_id = 'gift' WHERE order_id = 'VIP'"],
        &["UPDATE entitlement SET product_id = 'vip' WHERE order_id = 'VIP'"],
        &["another_product"],
    ),
    (
        &["UPDATE stock_item SET code = 'CODE-1' WHERE order_id = 'TWIN'"],
        &["UPDATE stock_item SET code = 'OTHER-1' WHERE order_id = 'TWIN'"],
        &["code_given_twice"],
    ),
    (
        &["UPDATE stock_item SET state = 'delivered', order_id = 'ZZZ' WHERE code = 'FREE'"],
        &["UPDATE stock_item SET state = 'available', order_id = NULL WHERE code = 'FREE'"],
        &["code_without_order"],
    ),
    (
        &["UPDATE stock_item SET order_id = 'PAID' WHERE code = 'FREE'"],
        &["UPDATE stock_item SET order_id = NULL WHERE code = 'FREE'"],
        &["code_still_for_sale"],
    ),
    (
        &["INSERT INTO refund (merchant, trade_no, refund_key, request_no, amount, result) \
           VALUES ('shop', 'T-PAID', 'B9', 'B9', 1000, 'SUCCESS')"],
        &["DELETE FROM refund WHERE refund_key = 'B9'"],
        &["refund_not_counted", "money_and_goods_differ"],
    ),
    (
        &["INSERT INTO refund (merchant, trade_no, refund_key, request_no, amount, result) \
           VALUES ('shop', 'T-PART', 'B9', 'B9', 100, 'SUCCESS')"],
        &["DELETE FROM refund WHERE refund_key = 'B9'"],
        &["refund_not_counted"],
    ),
    (
        &["UPDATE trade SET refunded_fee = 0 WHERE order_id = 'BACK'"],
        &["UPDATE trade SET refunded_fee = 1000 WHERE order_id = 'BACK'"],
        &["refund_total_differs", "wrong_refunded_fee"],
    ),
    (
        &["UPDATE trade SET refunded_fee = 5000 WHERE order_id = 'BACK'"],
        &["UPDATE trade SET refunded_fee = 1000 WHERE order_id = 'BACK'"],
        &["refund_above_total", "wrong_refunded_fee"],
    ),
    (
        &["UPDATE user_order SET expired_at = UTC_TIMESTAMP(6) WHERE id = 'OPEN'"],
        &["UPDATE user_order SET expired_at = NULL WHERE id = 'OPEN'"],
        &["wrong_status"],
    ),
    (
        &["UPDATE trade SET facts = CONCAT(facts, ',paid_late') WHERE order_id = 'PAID'"],
        &["UPDATE trade SET facts = REPLACE(facts, ',paid_late', '') WHERE order_id = 'PAID'"],
        &["review_missing"],
    ),
    (
        &["DELETE FROM trade WHERE order_id = 'OPEN'"],
        &["INSERT INTO trade (order_id, trade_no, facts) VALUES ('OPEN', 'T-OPEN', 'waiting')"],
        &["notification_without_trade", "wrong_trade_status", "wrong_trade_no"],
    ),
    (
        &["INSERT INTO trade (order_id, trade_no, facts, gmt_payment) \
           SELECT 'OPEN', trade_no, 'paid', gmt_payment FROM trade WHERE order_id = 'PAID'"],
        &[
            "DELETE t FROM trade AS t JOIN trade AS p ON p.trade_no = t.trade_no AND p.order_id = 'PAID' WHERE t.order_id = 'OPEN'",
        ],
        &[
            "money_and_goods_differ",
            "not_delivered",
            "trade_of_two_orders",
            "wrong_status",
            "wrong_times",
            "wrong_trade_no",
            "wrong_trade_status",
        ],
    ),
];

-- Not DSL: it reads several tables in one statement of subqueries.
SELECT id, merchant, account, product_id, quantity, subject, total_fee, trade_no, status, trade_status, refund_status,
       refunded_fee, refund_dtime, refund_finish_dtime, notify_dtime, paid_dtime, confirm_dtime, finish_dtime,
       seller_email, seller_id, seller_actions, buyer_email, buyer_id, buyer_actions, receive_name, receive_address,
       receive_zip, receive_phone, receive_mobile, is_send_goods, is_return_goods, is_finish, needs_review,
       created_at,
       expires_at, expired_at,
       updated_at,
       (SELECT f.state FROM fulfillment AS f WHERE f.order_id = user_order.id) AS goods_state,
       (SELECT f.waiting_since FROM fulfillment AS f WHERE f.order_id = user_order.id) AS goods_waiting_since
FROM user_order

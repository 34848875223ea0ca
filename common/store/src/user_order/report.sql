-- A date of zeros, as old programs write for "none", is none in expires_at; of the two times that each order has it is 1970.
SELECT id, merchant, account, product_id, quantity, subject, total_fee, trade_no, status, trade_status, refund_status,
       refunded_fee, refund_dtime, refund_finish_dtime, notify_dtime, paid_dtime, confirm_dtime, finish_dtime,
       seller_email, seller_id, seller_actions, buyer_email, buyer_id, buyer_actions, receive_name, receive_address,
       receive_zip, receive_phone, receive_mobile, is_send_goods, is_return_goods, is_finish, needs_review,
       IF(DAYOFMONTH(created_at) = 0 OR MONTH(created_at) = 0, TIMESTAMP'1970-01-01 00:00:00', created_at) AS created_at,
       IF(DAYOFMONTH(expires_at) = 0 OR MONTH(expires_at) = 0, NULL, expires_at) AS expires_at, expired_at,
       IF(DAYOFMONTH(updated_at) = 0 OR MONTH(updated_at) = 0, TIMESTAMP'1970-01-01 00:00:00', updated_at) AS updated_at,
       (SELECT f.state FROM fulfillment AS f WHERE f.order_id = user_order.id) AS goods_state,
       (SELECT f.waiting_since FROM fulfillment AS f WHERE f.order_id = user_order.id) AS goods_waiting_since
FROM user_order

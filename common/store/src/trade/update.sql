-- Not the DSL: it takes a statement of several rows for one that may not be cached.
INSERT INTO trade (
    order_id, trade_no, facts, gmt_create, gmt_payment, gmt_refund, gmt_close, notify_time, confirmed_at,
    seller_email, seller_id, seller_actions, buyer_email, buyer_id, buyer_actions, receive_name, receive_address,
    receive_zip, receive_phone, receive_mobile, refunded_fee)
VALUES
-- for each row, joined by ,
(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
-- end of rows
ON DUPLICATE KEY UPDATE
    facts = VALUES(facts),
    gmt_create = VALUES(gmt_create),
    gmt_payment = VALUES(gmt_payment),
    gmt_refund = VALUES(gmt_refund),
    gmt_close = VALUES(gmt_close),
    notify_time = VALUES(notify_time),
    confirmed_at = VALUES(confirmed_at),
    seller_email = VALUES(seller_email),
    seller_id = VALUES(seller_id),
    seller_actions = VALUES(seller_actions),
    buyer_email = VALUES(buyer_email),
    buyer_id = VALUES(buyer_id),
    buyer_actions = VALUES(buyer_actions),
    receive_name = VALUES(receive_name),
    receive_address = VALUES(receive_address),
    receive_zip = VALUES(receive_zip),
    receive_phone = VALUES(receive_phone),
    receive_mobile = VALUES(receive_mobile),
    refunded_fee = VALUES(refunded_fee)

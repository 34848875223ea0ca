-- Not INSERT … ON DUPLICATE KEY UPDATE: the table is the shop's, too, which may have added columns without a default.
-- Not the DSL: it has no rows to join with; STRAIGHT_JOIN and FORCE INDEX keep the plan from the keys to the rows.
-- The first row is no order: it names the columns, and with it the UNION has two rows at least. With one row MySQL cuts a
-- text that is too long without an error. So does MariaDB where CAST or CONCAT is missing. Without a CAST, MySQL gives times the
-- precision of the values with which the statement was first executed.
UPDATE (
    SELECT
    NULL AS trade_no, NULL AS status, NULL AS trade_status, NULL AS refund_status, NULL AS refunded_fee,
    NULL AS refund_dtime, NULL AS refund_finish_dtime, NULL AS notify_dtime, NULL AS paid_dtime,
    NULL AS confirm_dtime, NULL AS finish_dtime, NULL AS seller_email, NULL AS seller_id, NULL AS seller_actions,
    NULL AS buyer_email, NULL AS buyer_id, NULL AS buyer_actions, NULL AS receive_name, NULL AS receive_address,
    NULL AS receive_zip, NULL AS receive_phone, NULL AS receive_mobile, NULL AS is_send_goods,
    NULL AS is_return_goods, NULL AS is_finish, NULL AS needs_review, NULL AS expired_at, '' AS id
-- for each row, joined by
    UNION ALL SELECT
    ?, ?, ?, ?, ?, CAST(? AS DATETIME(6)), CAST(? AS DATETIME(6)), CAST(? AS DATETIME(6)), CAST(? AS DATETIME(6)),
    CAST(? AS DATETIME(6)), CAST(? AS DATETIME(6)), CAST(? AS CHAR), CAST(? AS CHAR), CAST(? AS CHAR), CAST(? AS CHAR),
    CAST(? AS CHAR), CAST(? AS CHAR), CAST(? AS CHAR), CAST(? AS CHAR), CAST(? AS CHAR), CAST(? AS CHAR),
    CAST(? AS CHAR), ?, ?, ?, ?, CAST(? AS DATETIME(6)), ?
-- end of rows
) AS v
STRAIGHT_JOIN user_order AS o FORCE INDEX (PRIMARY) ON o.id = v.id
SET
    o.trade_no = v.trade_no,
    o.status = v.status,
    o.trade_status = v.trade_status,
    o.refund_status = v.refund_status,
    o.refunded_fee = v.refunded_fee,
    o.refund_dtime = v.refund_dtime,
    o.refund_finish_dtime = v.refund_finish_dtime,
    o.notify_dtime = v.notify_dtime,
    o.paid_dtime = v.paid_dtime,
    o.confirm_dtime = v.confirm_dtime,
    o.finish_dtime = v.finish_dtime,
    o.seller_email = CONCAT(v.seller_email),
    o.seller_id = CONCAT(v.seller_id),
    o.seller_actions = CONCAT(v.seller_actions),
    o.buyer_email = CONCAT(v.buyer_email),
    o.buyer_id = CONCAT(v.buyer_id),
    o.buyer_actions = CONCAT(v.buyer_actions),
    o.receive_name = CONCAT(v.receive_name),
    o.receive_address = CONCAT(v.receive_address),
    o.receive_zip = CONCAT(v.receive_zip),
    o.receive_phone = CONCAT(v.receive_phone),
    o.receive_mobile = CONCAT(v.receive_mobile),
    o.is_send_goods = v.is_send_goods,
    o.is_return_goods = v.is_return_goods,
    o.is_finish = v.is_finish,
    o.needs_review = v.needs_review,
    o.expired_at = v.expired_at,
    o.updated_at = UTC_TIMESTAMP(6)

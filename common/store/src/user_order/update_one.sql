-- Not the DSL: the values are those of `update.sql`, in its order. A text that is too long is an error here as it is.
UPDATE user_order
SET
-- for each row, joined by
    trade_no = ?,
    status = ?,
    trade_status = ?,
    refund_status = ?,
    refunded_fee = ?,
    refund_dtime = ?,
    refund_finish_dtime = ?,
    notify_dtime = ?,
    paid_dtime = ?,
    confirm_dtime = ?,
    finish_dtime = ?,
    seller_email = ?,
    seller_id = ?,
    seller_actions = ?,
    buyer_email = ?,
    buyer_id = ?,
    buyer_actions = ?,
    receive_name = ?,
    receive_address = ?,
    receive_zip = ?,
    receive_phone = ?,
    receive_mobile = ?,
    is_send_goods = ?,
    is_return_goods = ?,
    is_finish = ?,
    needs_review = ?,
    expired_at = ?,
    updated_at = UTC_TIMESTAMP(6)
WHERE id = ?
-- end of rows

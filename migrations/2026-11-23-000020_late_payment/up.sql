-- Money that came after its order's time, where the merchant's late_payment is refund; and a person who takes it all the
-- same. Members are added at the end: no row is written anew.
ALTER TABLE trade MODIFY COLUMN facts
    SET('waiting', 'pending', 'paid', 'finished', 'closed', 'refunded_in_part', 'refunded_in_full', 'refund_closed',
        'confirmed_paid', 'paid_late', 'late_accepted') NOT NULL DEFAULT '';

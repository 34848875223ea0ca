-- A payment whose goods wait until the gateway has confirmed it, where the merchant's confirm wants that. Members are added
-- at the end: no row is written anew.
ALTER TABLE trade MODIFY COLUMN facts
    SET('waiting', 'pending', 'paid', 'finished', 'closed', 'refunded_in_part', 'refunded_in_full', 'refund_closed',
        'confirmed_paid', 'paid_late', 'late_accepted', 'to_be_confirmed') NOT NULL DEFAULT '';

UPDATE trade SET facts = facts & 2047;
ALTER TABLE trade MODIFY COLUMN facts
    SET('waiting', 'pending', 'paid', 'finished', 'closed', 'refunded_in_part', 'refunded_in_full', 'refund_closed',
        'confirmed_paid', 'paid_late', 'late_accepted') NOT NULL DEFAULT '';

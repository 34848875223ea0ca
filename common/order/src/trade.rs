//! One Alipay trade, and how messages about it merge.

use alipay::{Fen, Parties, TradeStatusSync};
use chrono::{DateTime, Utc};

use crate::late::Limit;
use crate::{ConfirmedRefund, Facts, Refund};

/// All that is known of one trade (order id + trade_no): its facts and merged attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// Alipay's number of the trade.
    pub trade_no: String,
    /// What Alipay has reported.
    pub facts: Facts,
    /// Earliest `gmt_create`.
    pub gmt_create: Option<DateTime<Utc>>,
    /// Earliest `gmt_payment`.
    pub gmt_payment: Option<DateTime<Utc>>,
    /// Latest `gmt_refund`.
    pub gmt_refund: Option<DateTime<Utc>>,
    /// Latest `gmt_close`.
    pub gmt_close: Option<DateTime<Utc>>,
    /// Latest `notify_time`.
    pub notify_time: Option<DateTime<Utc>>,
    /// Latest time at which the gateway or a person confirmed the payment.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Refunded so far, fen: the greatest of the running totals seen, the sum of the successful
    /// batch items, and the total when refunded in full. Never above the order's total.
    pub refunded_fee: Fen,
    /// Successful batch items add up to more than the order's total: a person must look.
    pub refund_above_total: bool,
    /// Buyer, seller, receiver. Of two different texts the greater in byte order stays and an empty one loses, so that
    /// the order of arrival does not matter.
    pub parties: Parties,
}

impl Trade {
    /// A trade of which only the number is known.
    pub fn new(trade_no: impl Into<String>) -> Trade {
        Trade {
            trade_no: trade_no.into(),
            facts: Facts::empty(),
            gmt_create: None,
            gmt_payment: None,
            gmt_refund: None,
            gmt_close: None,
            notify_time: None,
            confirmed_at: None,
            refunded_fee: Fen::new(0),
            refund_above_total: false,
            parties: Parties::default(),
        }
    }

    /// Adds a notification. Applying it again changes nothing.
    pub(crate) fn apply_notification(&mut self, notification: &TradeStatusSync, limit: Limit) {
        let limit = limit.given(self.facts);
        self.facts |= Facts::of(notification);
        self.merge(notification, limit);
    }

    /// Adds the gateway's answer; `notify_time` is when it was asked.
    pub(crate) fn apply_answer(&mut self, answer: &TradeStatusSync, limit: Limit) {
        let limit = limit.given(self.facts);
        let facts = Facts::of_answer(answer);
        self.facts |= facts;
        if facts.contains(Facts::CONFIRMED_PAID) {
            self.confirmed_at = self.confirmed_at.max(answer.notify_time);
        }
        self.merge(answer, limit);
    }

    /// Adds the answer to a refund that was asked for. `total` is the order's.
    pub(crate) fn apply_refund_answer(&mut self, answer: &ConfirmedRefund, total: Fen) {
        let refunded = answer.refunded.unwrap_or_default().max(answer.amount);
        let extent =
            if refunded >= total { Facts::REFUNDED_IN_FULL } else { Facts::REFUNDED_IN_PART };
        self.facts |= Facts::PAID | extent;
        self.refunded_fee = self.refunded_fee.max(refunded);
        self.gmt_refund = self.gmt_refund.max(answer.gmt_refund);
        self.notify_time = self.notify_time.max(Some(answer.asked_at));
    }

    /// A person confirms the payment. The person knows of the close, if there is one, so the confirmation counts as later
    /// than the close, whatever the clocks say.
    pub(crate) fn confirm(&mut self, at: DateTime<Utc>) {
        self.facts |= Facts::PAID | Facts::CONFIRMED_PAID;
        self.confirmed_at = self.confirmed_at.max(Some(at)).max(self.gmt_close);
    }

    /// The facts from which the state is computed: a confirmation no longer counts when the trade was closed after it.
    pub(crate) fn standing_facts(&self) -> Facts {
        let outdated = self.facts.contains(Facts::CLOSED) && self.confirmed_at < self.gmt_close;
        if outdated { self.facts - Facts::CONFIRMED_PAID } else { self.facts }
    }

    /// Paid, closed, and no full refund was reported. Whether the money is there nevertheless, the gateway must
    /// answer.
    pub fn is_closed_after_payment(&self) -> bool {
        self.facts.contains(Facts::PAID | Facts::CLOSED)
            && !self.facts.contains(Facts::REFUNDED_IN_FULL)
    }

    /// The same, and the payment was not confirmed after the close.
    pub fn is_in_doubt(&self) -> bool {
        self.is_closed_after_payment() && !self.standing_facts().contains(Facts::CONFIRMED_PAID)
    }

    /// Merges the attributes.
    fn merge(&mut self, notification: &TradeStatusSync, limit: Limit) {
        self.gmt_create = earliest(self.gmt_create, notification.gmt_create);
        let paid_before = self.gmt_payment;
        self.gmt_payment = earliest(self.gmt_payment, notification.gmt_payment);
        self.judge_lateness(paid_before, limit);
        self.gmt_refund = self.gmt_refund.max(notification.gmt_refund);
        self.gmt_close = self.gmt_close.max(notification.gmt_close);
        self.notify_time = self.notify_time.max(notification.notify_time);
        if let Some(fee) = notification.refund_fee {
            self.refunded_fee = self.refunded_fee.max(fee);
        }
        let (parties, other) = (&mut self.parties, &notification.parties);
        for (known, reported) in [
            (&mut parties.seller_email, &other.seller_email),
            (&mut parties.seller_id, &other.seller_id),
            (&mut parties.seller_actions, &other.seller_actions),
            (&mut parties.buyer_email, &other.buyer_email),
            (&mut parties.buyer_id, &other.buyer_id),
            (&mut parties.buyer_actions, &other.buyer_actions),
            (&mut parties.receive_name, &other.receive_name),
            (&mut parties.receive_address, &other.receive_address),
            (&mut parties.receive_zip, &other.receive_zip),
            (&mut parties.receive_phone, &other.receive_phone),
            (&mut parties.receive_mobile, &other.receive_mobile),
        ] {
            if reported > known {
                known.clone_from(reported);
            }
        }
    }

    /// Counts the refunds that are on record for this trade against the order's `total`.
    pub(crate) fn count_refunds<'a>(
        &mut self,
        refunds: impl Iterator<Item = &'a Refund>,
        total: Fen,
    ) {
        let mut batches = Fen::new(0);
        // Running totals: the row may have come before the order took the trade.
        let mut reported = Fen::new(0);
        for refund in refunds.filter(|refund| refund.trade_no == self.trade_no) {
            if refund.is_made() {
                self.facts |= Facts::PAID | Facts::REFUNDED_IN_PART;
                self.gmt_refund = self.gmt_refund.max(refund.gmt_refund);
                batches = Fen::new(batches.get().saturating_add(refund.amount_or_zero().get()));
                reported = reported.max(refund.running_total.unwrap_or_default());
            }
        }
        let refunded = batches.max(reported);
        if refunded >= total {
            self.facts |= Facts::REFUNDED_IN_FULL;
        }
        if self.facts.contains(Facts::REFUNDED_IN_FULL) {
            self.refunded_fee = total;
        } else {
            self.refunded_fee = self.refunded_fee.max(refunded).min(total);
        }
        self.refund_above_total = batches > total;
    }
}

/// The earlier of two times; a missing one loses.
pub(crate) fn earliest(
    a: Option<DateTime<Utc>>,
    b: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (known, None) | (None, known) => known,
    }
}

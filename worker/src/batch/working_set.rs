//! The orders of one batch in memory, and the only place where a message is applied to them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use order::agreement::agree;
use order::{OrderRecord, QueryReason, Review, ReviewReason};

use super::Outcome;
use super::batch_refunds::BatchRefunds;
use super::contradiction;
use super::decisions::{Decisions, NotedDecision};
use super::deposit_backs::DepositBacks;
use super::expiries::Expiries;
use super::loaded_order::LoadedOrder;
use super::query_requests::QueryRequests;
use super::recorded_answers::RecordedAnswers;
use super::refund_requests::{self, RequestedRefunds};
use crate::message::{Content, InboundMessage, Rejection};

/// Everything that a batch is about, read under lock. [`load`](super::load) makes it.
pub(crate) struct WorkingSet {
    pub(crate) orders: LockedOrders,
    /// Refunds of the legacy gateway's batches.
    pub(super) batch_refunds: BatchRefunds,
    /// Operators' decisions.
    pub(super) decisions: Decisions,
    /// Orders whose time was over.
    pub(super) expiries: Expiries,
    /// Refunds that were asked for.
    pub(super) refund_requests: RequestedRefunds,
    /// Answers of the gateway that have a row.
    pub(super) answers: RecordedAnswers,
    /// What banks did with refunds.
    pub(super) deposit_backs: DepositBacks,
    /// Queries for the gateway that this batch writes down.
    pub(super) query_requests: QueryRequests,
}

impl WorkingSet {
    /// Applies one message to its orders. Nothing is read or written here.
    pub(super) fn apply(&mut self, message: &InboundMessage) -> AppliedMessage<'_> {
        let account = &message.account;
        let merchant = account.merchant.as_str();
        let content = match &message.content {
            Ok(content) => content,
            Err(rejection) => return AppliedMessage::to_none(Outcome::Rejected(rejection.clone())),
        };
        let WorkingSet { orders, query_requests, .. } = self;
        match content {
            Content::Trade(notification) => orders.apply(&notification.out_trade_no, |order| {
                order.record.apply_notification(account, notification)?;
                order.check_time_limit(account);
                Ok(ChangedRows::Order)
            }),
            Content::Doubtful(doubtful) => {
                let (notification, doubt) = (&doubtful.notification, &doubtful.doubt);
                orders.apply(&notification.out_trade_no, |order| {
                    agree(&order.record.terms, account, notification)?;
                    if doubtful.is_asked {
                        let (id, at) = (&notification.out_trade_no, message.received_at);
                        query_requests.request(id, merchant, doubt.query_reason(), at);
                    } else {
                        let (reason, evidence) = (doubt.reason(), notification.trade_no.clone());
                        order.raised.insert(Review { reason, evidence });
                    }
                    Ok(ChangedRows::Order)
                })
            }
            Content::BatchRefund(batch) => self.batch_refunds.apply(orders, account, batch),
            Content::DepositBack(deposit_back) => {
                orders.apply(&deposit_back.out_trade_no, |order| {
                    order.belongs_to(account)?;
                    let review = self.deposit_backs.review(deposit_back)?;
                    let changed_rows = ChangedRows::others_if(review.is_some());
                    order.raised.extend(review);
                    Ok(changed_rows)
                })
            }
            // None of our programs has written this answer down: a message of version 0.1, or of an unknown publisher.
            Content::Answer(_) | Content::NoTrade { .. } if !self.answers.has(message) => {
                let id = message.order().unwrap_or_default();
                orders.apply(id, |order| {
                    order.belongs_to(account)?;
                    query_requests.request(id, merchant, QueryReason::Answer, Utc::now());
                    Ok(ChangedRows::Others)
                })
            }
            Content::Answer(answer) => orders.apply(&answer.out_trade_no, |order| {
                order.belongs_to(account)?;
                // Of an answer this is when the gateway was asked.
                let asked_at = answer.notify_time.unwrap_or(message.received_at);
                contradiction::compare(order, Some(answer), asked_at);
                order.record.apply_answer(account, answer)?;
                // Whatever was doubted before, this is Alipay's answer.
                order.resolved.extend(ReviewReason::DOUBTS);
                order.check_time_limit(account);
                Ok(ChangedRows::Order)
            }),
            Content::NoTrade { order: id } => orders.apply(id, |order| {
                order.belongs_to(account)?;
                contradiction::compare(order, None, message.received_at);
                Ok(ChangedRows::Order)
            }),
            Content::RefundAnswer(answer) => orders.apply(&answer.out_trade_no, |order| {
                order.belongs_to(account)?;
                self.refund_requests.check(account, answer)?;
                refund_requests::fits(&order.record, answer)?;
                order.record.apply_refund_answer(account, answer)?;
                Ok(ChangedRows::Order)
            }),
            Content::Expiry { order: id } => orders.apply(id, |order| {
                order.belongs_to(account)?;
                let has_row = self.expiries.apply(&mut order.record);
                if !has_row {
                    // A message of version 0.1, or of an unknown publisher: Alipay is queried again.
                    query_requests.request(id, merchant, QueryReason::Expiry, Utc::now());
                }
                Ok(ChangedRows::others_if(!has_row))
            }),
            Content::Request { order: id, asked_by } => orders.apply(id, |order| {
                order.belongs_to(account)?;
                query_requests.request(id, merchant, *asked_by, message.received_at);
                Ok(ChangedRows::Others)
            }),
            Content::Decision(named) => {
                let decision = self.decisions.noted(named);
                let applied = orders.apply(&named.order, |order| {
                    order.belongs_to(account)?;
                    let ends_review = self.decisions.apply(&mut order.record, named)?;
                    Ok(ChangedRows::others_if(ends_review))
                });
                AppliedMessage { decision, ..applied }
            }
        }
    }
}

/// The locked orders of a batch, and the ids of those that another transaction has locked.
pub(crate) struct LockedOrders {
    pub(crate) loaded: BTreeMap<String, LoadedOrder>,
    pub(super) busy: BTreeSet<String>,
}

impl LockedOrders {
    /// Applies something to one order, if it is there and locked.
    fn apply(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut LoadedOrder) -> Result<ChangedRows, Rejection>,
    ) -> AppliedMessage<'_> {
        let Some(order) = self.loaded.get_mut(id) else {
            let is_busy = self.busy.contains(id);
            return AppliedMessage::to_none(if is_busy {
                Outcome::Locked
            } else {
                Outcome::RetryLater
            });
        };
        let before = order.record.clone();
        match change(order) {
            Err(rejection) => AppliedMessage::to_none(Outcome::Rejected(rejection)),
            Ok(changed_rows) => AppliedMessage {
                changed_rows,
                orders: vec![(before, &order.record)],
                ..AppliedMessage::to_none(Outcome::Done)
            },
        }
    }
}

/// Which rows show what was new in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangedRows {
    /// Those of the order: compare its record before and after. Nothing may be new.
    Order,
    /// Also rows that the record of the order does not show: a refund row that no order knows yet, a query for the
    /// gateway, a review that a person ended.
    Others,
}

impl ChangedRows {
    pub(super) fn others_if(is_news: bool) -> ChangedRows {
        if is_news { ChangedRows::Others } else { ChangedRows::Order }
    }
}

/// What applying one message did.
pub(crate) struct AppliedMessage<'a> {
    pub(crate) outcome: Outcome,
    /// Each order before and after.
    pub(crate) orders: Vec<(OrderRecord, &'a OrderRecord)>,
    pub(crate) changed_rows: ChangedRows,
    /// Trades of refunds that no order of the merchant knows: their rows wait, and count for nothing until
    /// one does.
    pub(crate) parked: Vec<String>,
    /// The row that a message about a decision names.
    pub(crate) decision: Option<NotedDecision>,
}

impl AppliedMessage<'_> {
    /// No order has changed.
    pub(super) fn to_none(outcome: Outcome) -> Self {
        AppliedMessage {
            outcome,
            orders: Vec::new(),
            changed_rows: ChangedRows::Order,
            parked: Vec::new(),
            decision: None,
        }
    }
}

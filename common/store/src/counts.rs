//! Counts for the whole system.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use order::{FulfillmentState, RefundRequestState, ReviewReason, ReviewState};
use serde::Serialize;

use crate::column::value;
use crate::schema::{fulfillment, outbox, refund_request, review, user_order};
use crate::{BeijingTime, MysqlConnection, Result, clock};

/// How many orders have a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Serialize)]
pub struct StatusCount {
    /// `user_order.status`.
    pub status: i16,
    /// How many.
    pub orders: i64,
}

/// Something that waits, and since when.
#[derive(Debug, Clone, Copy, Queryable, Serialize)]
pub struct WaitingCount {
    /// How many rows.
    pub count: i64,
    /// The one that waits longest.
    pub oldest: Option<BeijingTime>,
}

/// What a worker reports as gauges, read often.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Open reviews.
    pub open_reviews: WaitingCount,
    /// When the oldest event was written that is not published.
    pub oldest_event: Option<DateTime<Utc>>,
    /// The database's time.
    pub now: DateTime<Utc>,
}

/// What waits for a person or for the broker.
pub fn waiting(connection: &mut MysqlConnection) -> Result<Waiting> {
    Ok(Waiting {
        open_reviews: review::table
            .filter(review::state.eq(value(ReviewState::Open)))
            .select((count_star(), min(review::raised_at)))
            .get_result(connection)?,
        oldest_event: outbox::table
            .filter(outbox::published_at.is_null())
            .order(outbox::id)
            .select(outbox::created_at)
            .first(connection)
            .optional()?,
        now: clock::now(connection)?,
    })
}

/// What the database says about the work that is done and the work that waits.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Orders by status; a status that no order has is left out.
    pub orders: Vec<StatusCount>,
    /// Events that are not published yet.
    pub unpublished: WaitingCount,
    /// Paid orders without stock.
    pub awaiting_stock: WaitingCount,
    /// Paid orders that a person has to deliver.
    pub awaiting_manual: WaitingCount,
    /// Paid subscriptions whose order names no account.
    pub awaiting_account: WaitingCount,
    /// Open reviews.
    pub open_reviews: WaitingCount,
    /// Of these, orders that are paid here and not at Alipay.
    pub not_at_alipay: WaitingCount,
    /// Refunds whose result is not known.
    pub refunds_unknown: WaitingCount,
}

/// Counts.
pub fn counts(connection: &mut MysqlConnection) -> Result<Counts> {
    let waiting = |connection: &mut MysqlConnection, state: FulfillmentState| {
        fulfillment::table
            .filter(fulfillment::state.eq(value(state)))
            .select((count_star(), min(fulfillment::waiting_since)))
            .get_result(connection)
    };
    let open = review::table
        .filter(review::state.eq(value(ReviewState::Open)))
        .select((count_star(), min(review::raised_at)));
    Ok(Counts {
        orders: user_order::table
            .group_by(user_order::status)
            .order(user_order::status)
            .select((user_order::status, count_star()))
            .load(connection)?,
        unpublished: outbox::table
            .filter(outbox::published_at.is_null())
            .select((count_star(), min(outbox::created_at)))
            .get_result(connection)?,
        awaiting_stock: waiting(connection, FulfillmentState::AwaitingStock)?,
        awaiting_manual: waiting(connection, FulfillmentState::AwaitingManual)?,
        awaiting_account: waiting(connection, FulfillmentState::AwaitingAccount)?,
        open_reviews: open.get_result(connection)?,
        not_at_alipay: open
            .filter(review::reason.eq(value(ReviewReason::NotAtAlipay)))
            .get_result(connection)?,
        refunds_unknown: refund_request::table
            .filter(refund_request::state.eq(value(RefundRequestState::Unknown)))
            .select((count_star(), min(refund_request::created_at)))
            .get_result(connection)?,
    })
}

//! The request that belongs to a command: an existing one, or a new one.

use alipay::{Fen, PlatformRefund, Protocol};
use chrono::Utc;
use config::Merchant;
use diesel::Connection as _;

use order::{RefundRequestState, RejectedPayment};
use rand::RngExt as _;
use store::refund::{self, RefundLine};
use store::refund_request::{self, RefundRequest};
use store::{MysqlConnection, trade};

use super::equal::equal;
use super::not_recorded::NotRecorded;
use super::password::is_good;
use super::refundable::{Refundable, paid_trade, refundable, result_of};
use crate::failure::{Failure, is_taken};
use crate::operations::order::{find, missing_order};
use crate::operations::rolled_back;

/// Seconds that another operator's request for the same payment is waited for.
const LOCK_WAIT: i64 = 10;

/// What an operator wants refunded.
pub(crate) struct RefundCommand<'a> {
    pub(crate) order: &'a str,
    pub(crate) merchant: &'a Merchant,
    /// None: all that is left.
    pub(crate) amount: Option<Fen>,
    pub(crate) reason: &'a str,
    pub(crate) request_no: Option<&'a str>,
    pub(crate) trade_no: Option<&'a str>,
    pub(crate) by: &'a str,
    /// The payment that it is about, where no order took it.
    pub(crate) rejected: Option<&'a RejectedPayment>,
    /// It is meant as another refund, also where an equal one was made a moment ago.
    pub(crate) again: bool,
}

/// What was there of a refund before the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PriorRefund {
    /// Nothing: it is new.
    Nothing,
    /// Its request.
    Asked,
    /// Its request, and Alipay has confirmed the refund.
    Made,
}

/// A stored request.
pub(crate) struct RecordedRequest {
    pub(crate) request: RefundRequest,
    /// How long to wait until Alipay may be called about the trade, in microseconds.
    pub(crate) wait: u64,
    /// Whether it existed before.
    pub(crate) is_repeat: bool,
}

impl RecordedRequest {
    /// What was there before.
    pub(crate) fn before(&self) -> PriorRefund {
        match (self.is_repeat, self.request.state) {
            (true, RefundRequestState::Accepted) => PriorRefund::Made,
            (true, _) => PriorRefund::Asked,
            (false, _) => PriorRefund::Nothing,
        }
    }
}

/// Finds or writes the request, with the order locked: of two operators the second finds the
/// first's.
pub(crate) fn find_or_create(
    connection: &mut MysqlConnection,
    command: &RefundCommand<'_>,
) -> Result<RecordedRequest, NotRecorded> {
    command.alone(connection, |connection| {
        connection.transaction(|connection| command.find_or_create(connection))
    })
}

/// The same, and nothing of it stays in the database.
pub(crate) fn dry_run_find_or_create(
    connection: &mut MysqlConnection,
    command: &RefundCommand<'_>,
) -> Result<RecordedRequest, NotRecorded> {
    command.alone(connection, |connection| {
        rolled_back(connection, |connection| command.find_or_create(connection))
    })
}

impl RefundCommand<'_> {
    /// Runs `work` under a named lock on the rejected payment, so that no other operator requests its refund: its order may
    /// have no row that could be locked.
    fn alone<T>(
        &self,
        connection: &mut MysqlConnection,
        work: impl FnOnce(&mut MysqlConnection) -> Result<T, NotRecorded>,
    ) -> Result<T, NotRecorded> {
        if self.rejected.is_none() {
            return work(connection);
        }
        if !refund_request::lock_number(connection, self.order, LOCK_WAIT)? {
            return Err(Failure::CouldNotAsk(format!(
                "somebody else is asking for a refund of order {} at this moment: repeat the command",
                self.order
            ))
            .into());
        }
        let done = work(connection);
        refund_request::unlock_number(connection, self.order)?;
        done
    }

    fn find_or_create(
        &self,
        connection: &mut MysqlConnection,
    ) -> Result<RecordedRequest, NotRecorded> {
        let has_order = refund_request::lock_order(connection, self.order)?;
        if !has_order && self.rejected.is_none() {
            return Err(missing_order(self.order).into());
        }
        let requests = refund_request::of_order(connection, self.order)?;
        let lines = match self.rejected {
            None => refund::of_order(connection, self.order)?,
            Some(payment) => {
                let (merchant, trade_no) = (&payment.merchant, &payment.trade.trade_no);
                refund::of_trade(connection, merchant, trade_no)?
            }
        };
        let request = match self.find(&requests)? {
            Some(found) => self.repeat(connection, found, &requests, &lines)?,
            None => self.begin(connection, &requests, &lines)?,
        };
        let is_repeat = requests.iter().any(|known| known.request_no == request.request_no);
        let calls = self.merchant.protocol == Protocol::Openapi
            && request.state != RefundRequestState::Accepted;
        let wait = if calls { refund_request::book_call(connection, &request)? } else { 0 };
        Ok(RecordedRequest { request, wait, is_repeat })
    }

    /// An error if the same amount would go back twice within minutes without `--again`.
    /// A request number of the operator's own counts as `--again`.
    fn check_equal(
        &self,
        connection: &mut MysqlConnection,
        trade_no: &str,
        amount: Fen,
        lines: &[RefundLine],
        but: Option<&str>,
    ) -> Result<(), NotRecorded> {
        if self.again || self.request_no.is_some() {
            return Ok(());
        }
        match equal(connection, self.order, trade_no, amount, lines, but)? {
            Some(found) => Err(NotRecorded::Equal(found)),
            None => Ok(()),
        }
    }

    /// The request that this is a repeat of. One that Alipay refused is repeated with its number too,
    /// after any other.
    fn find<'r>(
        &self,
        requests: &'r [RefundRequest],
    ) -> Result<Option<&'r RefundRequest>, Failure> {
        let same = |request: &&RefundRequest| {
            let amount = match self.amount {
                Some(amount) => !request.is_rest && request.amount == amount,
                None => request.is_rest,
            };
            amount && self.trade_no.is_none_or(|trade_no| trade_no == request.trade_no)
        };
        if let Some(number) = self.request_no {
            let number = self.full_number(number);
            let found = requests.iter().find(|request| request.request_no == number);
            return match found.filter(|request| !same(request)) {
                None => Ok(found),
                Some(other) => Err(Failure::Refused(format!(
                    "request number {number} is taken by a refund of {} yuan{}",
                    other.amount,
                    if other.is_rest { " (--all)" } else { "" }
                ))),
            };
        }
        let equal = || requests.iter().filter(same).filter(|it| it.reason == self.reason);
        let standing = equal().find(|request| request.state != RefundRequestState::Refused);
        Ok(standing.or_else(|| equal().next_back()))
    }

    /// The same refund again.
    fn repeat(
        &self,
        connection: &mut MysqlConnection,
        found: &RefundRequest,
        requests: &[RefundRequest],
        lines: &[RefundLine],
    ) -> Result<RefundRequest, NotRecorded> {
        let mut request = found.clone();
        let number = &found.request_no;
        if request.state == RefundRequestState::Accepted {
            return Ok(request);
        }
        let notified = lines.iter().find_map(|line| result_of(line, found));
        if notified == Some(true) {
            let state = RefundRequestState::Accepted;
            refund_request::note(connection, number, state, None, request.running_total)?;
            request.state = state;
            request.error = None;
            return Ok(request);
        }
        if self.merchant.protocol == Protocol::Mapi {
            // A batch number is used once, on its day.
            let today = is_good(&request, &self.day());
            return match (notified, today) {
                (None, true) => Ok(request),
                (None, false) if request.state == RefundRequestState::Asked => {
                    Err(Failure::Refused(format!(
                        "batch {number} for this refund is of another day: its link is no longer good, and \
                         Alipay has told nothing of it. When nobody typed the password, repeat with \
                         --request-no and a number of your own"
                    ))
                    .into())
                }
                _ => {
                    let state = RefundRequestState::Refused;
                    let why = Some("Alipay told that the batch failed");
                    refund_request::note(connection, number, state, why, None)?;
                    let others: Vec<RefundRequest> =
                        requests.iter().filter(|it| it.request_no != *number).cloned().collect();
                    self.begin(connection, &others, lines)
                }
            };
        }
        if request.state == RefundRequestState::Refused {
            let left = self.left(connection, requests, lines)?;
            let other_rest = request.is_rest && request.amount != left.amount;
            if left.trade_no != request.trade_no || other_rest {
                // Another trade, or another rest: not the same refund any more.
                return self.begin(connection, requests, lines);
            }
            left.check(self.order, request.amount)?;
            let (trade_no, amount) = (&request.trade_no, request.amount);
            self.check_equal(connection, trade_no, amount, lines, Some(number))?;
            // Counts as asked for again, before it is sent.
            let state = RefundRequestState::Asked;
            refund_request::note(connection, number, state, None, None)?;
            request.state = state;
            request.error = None;
        }
        Ok(request)
    }

    /// A new refund.
    fn begin(
        &self,
        connection: &mut MysqlConnection,
        requests: &[RefundRequest],
        lines: &[RefundLine],
    ) -> Result<RefundRequest, NotRecorded> {
        let left = self.left(connection, requests, lines)?;
        let amount = self.amount.unwrap_or(left.amount);
        left.check(self.order, amount)?;
        self.check_equal(connection, &left.trade_no, amount, lines, None)?;
        let own = format!("{:016x}", rand::rng().random::<u64>());
        let request = RefundRequest {
            request_no: match self.request_no {
                Some(number) => self.full_number(number),
                None => self.day() + &own,
            },
            merchant: self.merchant.name.clone(),
            order_id: self.order.to_owned(),
            trade_no: left.trade_no,
            amount,
            is_rest: self.amount.is_none(),
            reason: self.reason.to_owned(),
            asked_by: self.by.to_owned(),
            state: RefundRequestState::Asked,
            error: None,
            running_total: None,
            of_rejected: self.rejected.is_some(),
        };
        refund_request::insert(connection, &request).map_err(|error| {
            if is_taken(&error) {
                let number = &request.request_no;
                Failure::Refused(format!(
                    "request number {number} is taken by another order's refund"
                ))
            } else {
                Failure::from(error)
            }
        })?;
        Ok(request)
    }

    /// The trade, and how much of it is left.
    fn left(
        &self,
        connection: &mut MysqlConnection,
        requests: &[RefundRequest],
        lines: &[RefundLine],
    ) -> Result<Refundable, Failure> {
        let day = (self.merchant.protocol == Protocol::Mapi).then(|| self.day());
        if let Some(payment) = self.rejected {
            let total = payment.total.get();
            return refundable(self.order, total, &payment.trade, lines, requests, day.as_deref());
        }
        let row = find(connection, self.order)?;
        let trades = trade::of_orders(connection, &[self.order])?;
        let trades: Vec<order::Trade> = trades.into_iter().map(|(_, trade)| trade).collect();
        let trade = paid_trade(&row, &trades, self.trade_no)?;
        refundable(&row.id, row.total_fee, trade, lines, requests, day.as_deref())
    }

    /// Today in Beijing, as a batch number begins.
    fn day(&self) -> String {
        PlatformRefund { serial: "", items: &[], notify_url: None }.batch_no(Utc::now())
    }

    /// The operator's number; at the legacy gateway today's date comes before it.
    fn full_number(&self, number: &str) -> String {
        let day = self.day();
        if self.merchant.protocol == Protocol::Openapi || number.starts_with(&day) {
            return number.to_owned();
        }
        day + number
    }
}

//! One batch, one transaction: lock, fold, decide, write, commit.
//!
//! This page is the job of the worker. Everything it decides is decided by pure functions of the
//! crate `order`; everything it reads and writes is a statement of the crate `store`. Running it
//! again with the same messages changes nothing, so nobody has to know whether a crash came before
//! or after the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use config::Config;
use diesel::Connection as _;
use order::RejectionReason;
use order::event::{self, Event, Moment};
use queue::PublishError;
use queue::topology::RetryTier;
use store::notification::{self, MessageKey};
use store::outbox::{self, NewEvent};
use store::user_order::{self, OrderColumns};
use store::{Fault, MysqlConnection, StoreError, refund, refund_request, trade};

use crate::goods::{Turn, move_goods};
use crate::inbox::{Dying, Line};
use crate::incoming::receipt::text;
use crate::incoming::{Content, Incoming};
use crate::page::Page;
use crate::settle::awaited;
use crate::verdict::{Never, Verdict};
use crate::{given_back, late_money, retry_copies, review_cases};

/// Why a batch did not come to its end. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A retry or dead letter that the batch needs was not confirmed by the broker.
    #[error("publishing a retry or a dead letter: {0}")]
    Publish(#[from] PublishError),
}

impl From<diesel::result::Error> for BatchError {
    fn from(error: diesel::result::Error) -> BatchError {
        BatchError::Store(error.into())
    }
}

impl BatchError {
    /// The same without one of the messages may succeed.
    #[must_use]
    pub fn may_be_one_messages(&self) -> bool {
        matches!(self.fault(), Fault::Data | Fault::Unknown)
    }

    /// Database or broker are away, which is logged once an outage by whoever connects to them.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            BatchError::Store(error) => error.is_outage(),
            BatchError::Publish(error) => error.is_outage(),
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            BatchError::Store(error) => error.fault(),
            BatchError::Publish(_) => Fault::Infrastructure,
        }
    }
}

/// What the configuration says about every batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether the shop is told what happens.
    pub events: bool,
    /// How long smaller orders may pass one that waits for stock.
    pub overtake_limit: Duration,
}

impl Rules {
    /// Those of a configuration.
    #[must_use]
    pub fn of(config: &Config) -> Rules {
        Rules { events: config.events.enabled, overtake_limit: config.worker.stock_overtake_limit }
    }
}

/// Works on a batch of messages. Returns one verdict a message.
///
/// `confirm` publishes what the verdicts call for (retries, dead letters) and is called before the
/// commit: when it fails nothing is committed, when the commit fails the copies it made are
/// harmless repeats. It returns the places of those that the broker refused, whose verdict is then
/// [`Verdict::Held`].
///
/// # Errors
/// [`BatchError`]; the transaction is rolled back.
pub fn run(
    connection: &mut MysqlConnection,
    batch: &[Incoming],
    rules: Rules,
    confirm: impl FnOnce(&[Verdict]) -> Result<Vec<usize>, PublishError>,
) -> Result<Vec<Verdict>, BatchError> {
    work(connection, batch, &[], rules, Turn::After(rules.overtake_limit), confirm)
}

/// Settles the goods of orders about which nothing new is said, whose turn it is: the restock sweeper's way
/// in. `before_commit` is called when everything is written.
///
/// # Errors
/// [`BatchError`]; the transaction is rolled back.
pub fn settle(
    connection: &mut MysqlConnection,
    orders: &[String],
    rules: Rules,
    before_commit: impl FnOnce(),
) -> Result<(), BatchError> {
    work(connection, &[], orders, rules, Turn::Theirs, |_| {
        before_commit();
        Ok(Vec::new())
    })
    .map(|_| ())
}

fn work(
    connection: &mut MysqlConnection,
    batch: &[Incoming],
    settle: &[String],
    rules: Rules,
    turn: Turn,
    confirm: impl FnOnce(&[Verdict]) -> Result<Vec<usize>, PublishError>,
) -> Result<Vec<Verdict>, BatchError> {
    connection.transaction(|connection| {
        let mut page = Page::open(connection, batch, settle)?;
        service::crash_point!("worker.after_lock");

        let mut lines: Vec<Line<'_>> = Vec::with_capacity(batch.len());
        for incoming in batch {
            service::crash_on_order!(incoming.order());
            let told = page.tell(incoming);
            let mut line = Line::new(incoming, &told);
            if *line.verdict() == Verdict::NotYet && RetryTier::after(incoming.attempt).is_none() {
                line.give_up(order_not_found(incoming));
            }
            if let (Ok(Content::Answer(said)), Verdict::Never(_)) =
                (&incoming.content, line.verdict())
            {
                page.wishes.over(&said.out_trade_no);
            }
            lines.push(line);
        }
        given_back::look(connection, batch, &mut lines)?;

        move_goods(connection, &mut page, turn)?;
        service::crash_point!("worker.after_goods");
        page.decisions.write(connection)?;
        page.expiries.write(connection)?;
        let open_reviews = review_cases::bring_up_to_date(connection, &page)?;
        write(connection, &page, &open_reviews, &mut lines, rules.events)?;
        late_money::send_back(connection, &page, batch)?;
        ask_about(&mut page);
        page.wishes.write(connection)?;

        one_letter_each(connection, &mut lines)?;
        let mut records: Vec<_> = lines.iter().filter_map(Line::record).collect();
        records.sort_by_key(|record| (record.merchant, record.kind, record.message_id));
        notification::record(connection, &records)?;

        let mut verdicts: Vec<Verdict> = lines.into_iter().map(Line::into_verdict).collect();
        retry_copies::book(connection, batch.iter().zip(&verdicts))?;
        let refused = confirm(&verdicts)?;
        hold(connection, batch, &mut verdicts, &refused)?;
        Ok(verdicts)
    })
}

/// The broker has not taken the retries and dead letters of these messages: their queue is full. Nothing may
/// say that they lie there; the messages stay with the lane, and the others of the batch are done.
fn hold(
    connection: &mut MysqlConnection,
    batch: &[Incoming],
    verdicts: &mut [Verdict],
    refused: &[usize],
) -> Result<(), StoreError> {
    let held: Vec<&Incoming> = refused.iter().filter_map(|at| batch.get(*at)).collect();
    let keys: BTreeSet<MessageKey<'_>> = held.iter().map(|incoming| incoming.key()).collect();
    notification::removed(connection, &keys.into_iter().collect::<Vec<_>>())?;
    retry_copies::unbook(connection, &held)?;
    for at in refused {
        if let Some(verdict) = verdicts.get_mut(*at) {
            *verdict = Verdict::Held;
        }
    }
    Ok(())
}

/// The same rejected message makes no second dead letter while its first one lies there: a stranger could
/// fill the queue with one message otherwise. It is the same where it says the same: a letter must not stand
/// for one that somebody has changed.
fn one_letter_each(
    connection: &mut MysqlConnection,
    lines: &mut [Line<'_>],
) -> Result<(), StoreError> {
    let dying: BTreeSet<MessageKey<'_>> =
        lines.iter().filter_map(|line| Some(line.dies()?.key)).collect();
    let mut lying: BTreeSet<Letter> =
        notification::lying(connection, &dying.into_iter().collect::<Vec<_>>())?
            .into_iter()
            .map(|it| (it.merchant, it.kind, it.message_id, it.reason, text(&it.form)))
            .collect();
    for line in lines {
        let Some(Dying { key, reason, form }) = line.dies() else { continue };
        let [merchant, kind, id] = [key.merchant, key.kind, key.message_id].map(str::to_owned);
        if !lying.insert((merchant, kind, id, reason.to_owned(), text(form))) {
            line.lies_already();
        }
    }
    Ok(())
}

/// Merchant, kind, message id, reason, and what the form says but for the time of telling.
type Letter = (String, String, String, String, Option<Vec<u8>>);

/// Writes what differs from the database: trades, refunds, orders, events.
fn write(
    connection: &mut MysqlConnection,
    page: &Page,
    open_reviews: &BTreeSet<String>,
    lines: &mut [Line<'_>],
    events: bool,
) -> Result<(), StoreError> {
    let states: BTreeMap<&str, order::OrderState> =
        page.sheets.iter().map(|(id, sheet)| (id.as_str(), sheet.record.state())).collect();
    let mut trades = Vec::new();
    let mut refunds = Vec::new();
    let mut orders = Vec::new();
    let mut outgoing = Vec::new();
    for (id, sheet) in &page.sheets {
        let state = &states[id.as_str()];
        let needs_review = open_reviews.contains(id);
        let goods_moved = sheet.record.fulfillment != sheet.fulfillment_before;
        let first_trade = trades.len();
        trades.extend(sheet.changed_trades().map(|trade| (id.as_str(), trade)));
        let told_news = trades.len() > first_trade;
        let merchant = sheet.record.terms.merchant.as_str();
        refunds.extend(sheet.changed_refunds().map(|refund| (merchant, refund)));
        let expired = sheet.record.expired_at != sheet.locked.expired_at;
        if told_news || expired || goods_moved || needs_review != sheet.locked.needs_review {
            orders.push(OrderColumns::new(&sheet.record, state, needs_review));
        }
        let before = Moment {
            state: &sheet.before,
            fulfillment: sheet.fulfillment_before,
            needs_review: sheet.locked.needs_review,
        };
        let after = Moment { state, fulfillment: sheet.record.fulfillment, needs_review };
        let happened: Vec<Event> = if events { event::between(before, after) } else { Vec::new() };
        outgoing
            .extend(happened.iter().map(|event| NewEvent { order_id: id, event: event.as_str() }));
        // The story of the order: what this batch did is told with the last message about it.
        let last = lines
            .iter_mut()
            .rev()
            .find_map(|line| line.changes.iter_mut().find(|change| change.order == *id));
        if let Some(change) = last {
            change.goods = sheet.record.fulfillment.filter(|_| goods_moved).map(|f| f.as_str());
            change.events = happened;
        }
    }
    refunds.sort_by_key(|(merchant, refund)| (*merchant, &refund.trade_no, &refund.refund_key));
    trade::update(connection, &trades)?;
    refund::upsert(connection, &refunds)?;
    refund_request::settle(connection, &refunds)?;
    user_order::update(connection, &orders)?;
    outbox::insert(connection, &outgoing)
}

/// An order whose money has just become doubtful is asked about at once, and so is one whose time is
/// over and that has just become payable, and one whose goods wait for the gateway's word.
fn ask_about(page: &mut Page) {
    for (id, sheet) in &page.sheets {
        let merchant = &sheet.record.terms.merchant;
        if sheet.is_newly_in_doubt() {
            page.wishes.doubt(id, merchant);
        } else if sheet.is_newly_open_too_late() {
            page.wishes.open_too_late(id, merchant);
        } else if sheet.is_newly_unconfirmed() {
            page.wishes.confirm(id, merchant);
        }
    }
}

fn order_not_found(incoming: &Incoming) -> Never {
    let waited = RetryTier::ALL.len();
    Never::new(
        RejectionReason::OrderNotFound,
        format!("no {} after {waited} retries", awaited(incoming)),
    )
}

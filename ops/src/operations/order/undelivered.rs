//! Paid orders whose goods are not with the buyer: since when, why, and who acts next. `order::Undelivered` judges them, as it
//! does for an order's story and for the audit.

mod words;

use std::collections::{BTreeMap, HashMap};

use order::{FulfillmentState, OrderState, PaymentState, Trade, Undelivered};
use serde::Serialize;
use store::pause::PauseRow;
use store::user_order::{self, UndeliveredRow};
use store::{BeijingTime, MysqlConnection, clock, fulfillment, retry_copy, snapshot, stock, trade};

use crate::failure::Failure;
use crate::operations::pause::{self, ListedPause};

/// Who, or where the next step is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ActsNext {
    /// A worker, by itself.
    Worker,
    /// Alipay's gateway, which workers ask.
    Alipay,
    /// A person decides the order's review.
    Review,
    /// Whoever imports codes.
    Stock,
    /// The shop: it names the account, or makes its own account at Alipay able to receive.
    Shop,
    /// Whoever works on the dead letters.
    DeadLetters,
    /// Whoever ends the pause.
    Pause,
    /// Whoever looks after the retry tiers: a copy did not come back in time.
    Retries,
    /// Whoever looks into what `ops audit` reports.
    Audit,
}

/// One of these orders.
#[derive(Debug, Serialize)]
pub(crate) struct UndeliveredOrder {
    pub(crate) order: String,
    /// Whether there is an order of this number: a message can name one that the shop never placed.
    pub(crate) exists: bool,
    pub(crate) merchant: Option<String>,
    pub(crate) product_id: Option<String>,
    pub(crate) quantity: Option<i32>,
    /// Fen.
    pub(crate) total_fee: Option<i64>,
    pub(crate) kind: Undelivered,
    pub(crate) owner: ActsNext,
    /// The payment; of a message its receipt.
    pub(crate) since: BeijingTime,
    pub(crate) age_seconds: i64,
    /// Why, in English.
    pub(crate) what: String,
    /// Why its message was rejected.
    #[serde(skip)]
    letter: Option<String>,
    #[serde(skip)]
    due_at: Option<BeijingTime>,
    #[serde(skip)]
    is_overdue: bool,
    /// Whether there are codes by now for every order that waits for the product.
    #[serde(skip)]
    in_stock: bool,
    /// The pause for whose end it waits.
    #[serde(skip)]
    pause: Option<PauseRow>,
}

/// These orders, the longest without its goods first, at most `limit` after the first `skip`.
pub(crate) fn undelivered(
    connection: &mut MysqlConnection,
    skip: i64,
    limit: i64,
) -> Result<Vec<UndeliveredOrder>, Failure> {
    snapshot(connection, |connection| {
        let now = BeijingTime(clock::now(connection)?);
        let rows = user_order::undelivered(connection, skip, limit)?;
        let ids: Vec<&str> =
            rows.iter().filter(|row| row.status.is_some()).map(|row| &*row.order_id).collect();
        let mut trades: HashMap<String, Vec<Trade>> = HashMap::new();
        for (order, trade) in trade::of_orders(connection, &ids)? {
            trades.entry(order).or_default().push(trade);
        }
        let stocked = stocked(connection, &rows)?;
        let pauses = pause::active(connection)?;
        let order = |row: &UndeliveredRow| {
            let trades = trades.get(&row.order_id).map(Vec::as_slice).unwrap_or_default();
            let kind = judged(row, trades);
            let product = row.product_id.as_deref();
            let in_stock = product.and_then(|product| stocked.get(product)).copied();
            let pause = awaited_pause(row, kind, &pauses).cloned();
            UndeliveredOrder::new(row, kind, in_stock.unwrap_or_default(), pause, now)
        };
        Ok::<_, Failure>(rows.iter().map(order).collect())
    })
}

/// The products of orders that wait for stock, and whether all of these orders can have their units by now: with fewer, those in
/// front get them, and codes are still to be imported.
fn stocked<'a>(
    connection: &mut MysqlConnection,
    rows: &'a [UndeliveredRow],
) -> Result<BTreeMap<&'a str, bool>, Failure> {
    let mut stocked = BTreeMap::new();
    let waiting = rows.iter().filter(|row| row.goods == Some(FulfillmentState::AwaitingStock));
    for product in waiting.filter_map(|row| row.product_id.as_deref()) {
        if !stocked.contains_key(product) {
            let wanted = fulfillment::awaited_units(connection, product)?;
            stocked.insert(product, stock::available(connection, product, wanted)? >= wanted);
        }
    }
    Ok(stocked)
}

/// Why the goods of a row are not out. A message that could not be applied says more than an order which waits for what it
/// brings.
fn judged(row: &UndeliveredRow, trades: &[Trade]) -> Undelivered {
    use Undelivered::{AwaitingConfirmation, PaymentInDoubt, PaymentPending};
    let of_order = || {
        let payment = PaymentState::of_codes(row.status?, row.trade_status?, row.is_finish?)?;
        let facts = OrderState::of(trades.iter(), row.expired_at.is_some()).facts;
        Undelivered::of(payment, facts, row.goods)
    };
    match of_order() {
        None | Some(PaymentPending | PaymentInDoubt | AwaitingConfirmation)
            if row.letter.is_some() =>
        {
            Undelivered::DeadLetter
        }
        Some(kind) => kind,
        None if row.pause_id.is_some() => Undelivered::Paused,
        None if row.due_at.is_some() => Undelivered::Retrying,
        None => Undelivered::Inconsistent,
    }
}

/// The pause that keeps a worker from the order's goods or from its message: of several the one that ends last.
fn awaited_pause<'a>(
    row: &UndeliveredRow,
    kind: Undelivered,
    active: &'a [ListedPause],
) -> Option<&'a PauseRow> {
    use Undelivered::{AwaitingStock, InProgress, Paused};
    if !matches!(kind, AwaitingStock | InProgress | Paused) {
        return None;
    }
    let merchant = row.merchant.as_deref().unwrap_or_default();
    let product = row.product_id.as_deref().unwrap_or_default();
    let is_meant =
        |it: &&ListedPause| row.pause_id == Some(it.row.id) || it.row.concerns(merchant, product);
    active.iter().rfind(is_meant).map(|it| &it.row)
}

impl UndeliveredOrder {
    fn new(
        row: &UndeliveredRow,
        kind: Undelivered,
        in_stock: bool,
        pause: Option<PauseRow>,
        now: BeijingTime,
    ) -> UndeliveredOrder {
        let mut order = UndeliveredOrder {
            order: row.order_id.clone(),
            exists: row.status.is_some(),
            merchant: row.merchant.clone(),
            product_id: row.product_id.clone(),
            quantity: row.quantity,
            total_fee: row.total_fee,
            kind,
            owner: ActsNext::Worker,
            since: row.since,
            age_seconds: (now.0 - row.since.0).num_seconds().max(0),
            what: String::new(),
            letter: row.letter.clone(),
            due_at: row.due_at,
            is_overdue: row.due_at.is_some_and(|due_at| retry_copy::is_overdue(due_at, now.0)),
            in_stock,
            pause,
        };
        order.owner = order.acts_next(row.needs_review == Some(true));
        order.what = order.english();
        order
    }

    fn acts_next(&self, in_review: bool) -> ActsNext {
        match self.kind {
            _ if self.pause.is_some() => ActsNext::Pause,
            Undelivered::PaymentPending | Undelivered::AwaitingAccount => ActsNext::Shop,
            Undelivered::PaymentInDoubt | Undelivered::PaidLate if in_review => ActsNext::Review,
            Undelivered::PaymentInDoubt | Undelivered::AwaitingConfirmation => ActsNext::Alipay,
            Undelivered::AwaitingStock if !self.in_stock => ActsNext::Stock,
            Undelivered::AwaitingManual => ActsNext::Review,
            Undelivered::DeadLetter => ActsNext::DeadLetters,
            Undelivered::Retrying if self.is_overdue => ActsNext::Retries,
            Undelivered::Inconsistent => ActsNext::Audit,
            Undelivered::PaidLate
            | Undelivered::AwaitingStock
            | Undelivered::InProgress
            | Undelivered::Paused
            | Undelivered::Retrying => ActsNext::Worker,
        }
    }
}

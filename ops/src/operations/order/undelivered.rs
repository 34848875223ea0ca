//! Paid orders whose goods are not with the buyer: since when, why, and who acts next. `order::Undelivered` judges them, as it
//! does for an order's story and for the audit.

use std::collections::{BTreeMap, HashMap};

use order::{OrderState, PaymentState, Trade, Undelivered};
use serde::Serialize;
use store::user_order::{self, UndeliveredRow};
use store::{BeijingTime, MysqlConnection, clock, snapshot, stock, trade};

use crate::failure::Failure;
use crate::operations::dead_letter::NO_REASON;

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
    /// Whether there are enough codes by now.
    #[serde(skip)]
    in_stock: bool,
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
        let mut available = BTreeMap::new();
        for product in rows.iter().filter_map(|row| row.product_id.as_deref()) {
            if !available.contains_key(product) {
                available.insert(product, stock::available(connection, product, stock::COUNTED)?);
            }
        }
        let order = |row: &UndeliveredRow| {
            let trades = trades.get(&row.order_id).map(Vec::as_slice).unwrap_or_default();
            let kind = judged(row, trades)?;
            let there = row.product_id.as_deref().and_then(|product| available.get(product));
            let wanted = row.quantity.map_or(0, i64::from);
            Some(UndeliveredOrder::new(row, kind, there.is_some_and(|there| *there >= wanted), now))
        };
        Ok::<_, Failure>(rows.iter().filter_map(order).collect())
    })
}

/// Why the goods of a row are not out; `None` where its columns and its trades differ, which `ops audit` reports.
fn judged(row: &UndeliveredRow, trades: &[Trade]) -> Option<Undelivered> {
    if row.letter.is_some() {
        return Some(Undelivered::DeadLetter);
    }
    if row.is_paused {
        return Some(Undelivered::Paused);
    }
    if row.due_at.is_some() {
        return Some(Undelivered::Retrying);
    }
    let payment = PaymentState::of_codes(row.status?, row.trade_status?, row.is_finish?)?;
    let facts = OrderState::of(trades.iter(), row.expired_at.is_some()).facts;
    Undelivered::of(payment, facts, row.goods)
}

impl UndeliveredOrder {
    fn new(
        row: &UndeliveredRow,
        kind: Undelivered,
        in_stock: bool,
        now: BeijingTime,
    ) -> UndeliveredOrder {
        let in_review = row.needs_review == Some(true);
        let letter = row.letter.as_deref().map(|reason| match reason {
            "" => NO_REASON.to_owned(),
            reason => reason.to_owned(),
        });
        let mut order = UndeliveredOrder {
            order: row.order_id.clone(),
            exists: row.status.is_some(),
            merchant: row.merchant.clone(),
            product_id: row.product_id.clone(),
            quantity: row.quantity,
            total_fee: row.total_fee,
            kind,
            owner: owner(kind, in_review, in_stock),
            since: row.since,
            age_seconds: (now.0 - row.since.0).num_seconds().max(0),
            what: String::new(),
            letter,
            due_at: row.due_at,
            in_stock,
        };
        order.what = order.english();
        order
    }

    fn rejected_as(&self) -> &str {
        self.letter.as_deref().unwrap_or(NO_REASON)
    }

    fn due(&self) -> String {
        self.due_at.map(|at| at.to_string()).unwrap_or_default()
    }

    /// Why, in English.
    fn english(&self) -> String {
        let words = match self.kind {
            Undelivered::PaymentPending => {
                "Alipay holds the money: the seller's account cannot receive it yet (TRADE_PENDING)"
            }
            Undelivered::PaymentInDoubt => {
                "closed after the payment: the gateway is asked where the money is, or a person decides the review"
            }
            Undelivered::PaidLate => {
                "paid after its time limit: the payment is refunded, or a person accepts it in the review"
            }
            Undelivered::AwaitingConfirmation => {
                "a notification says paid, and the gateway is to confirm it first (merchants.NAME.confirm)"
            }
            Undelivered::AwaitingStock if self.in_stock => {
                "there is stock by now: a worker delivers within seconds"
            }
            Undelivered::AwaitingStock => "out of stock: import codes",
            Undelivered::AwaitingManual => "a person delivers it, then decides its review",
            Undelivered::AwaitingAccount => "the order names no account: `ops order account`",
            Undelivered::InProgress => {
                "paid: a worker delivers within seconds; if not, look at the workers with `ops status`"
            }
            Undelivered::Paused => "a message about it waits for the end of a pause: `ops resume`",
            Undelivered::DeadLetter => {
                let missing = if self.exists { "" } else { "; there is no order of this number" };
                let reason = self.rejected_as();
                return format!("the message about the payment was rejected as {reason}{missing}");
            }
            Undelivered::Retrying => {
                return format!("a message about it waits in a retry tier until {}", self.due());
            }
        };
        words.to_owned()
    }

    /// And in Chinese.
    pub(crate) fn chinese(&self) -> String {
        let words = match self.kind {
            Undelivered::PaymentPending => "支付宝暂存款项：卖家账号还不能收款（TRADE_PENDING）",
            Undelivered::PaymentInDoubt => "付款后交易关闭：正在查询款项去向，或由人工复核决定",
            Undelivered::PaidLate => "超过付款期限：款项将退回，或由人工在复核中接受",
            Undelivered::AwaitingConfirmation => {
                "通知称已付款，等待网关确认（merchants.NAME.confirm）"
            }
            Undelivered::AwaitingStock if self.in_stock => "已有库存：worker 几秒内发货",
            Undelivered::AwaitingStock => "缺货：请导入卡密",
            Undelivered::AwaitingManual => "人工发货，然后完成复核",
            Undelivered::AwaitingAccount => "订单没有账号：ops order account",
            Undelivered::InProgress => {
                "已付款：worker 几秒内发货；若没有，用 ops status 检查 worker"
            }
            Undelivered::Paused => "有消息在等待暂停结束：ops resume",
            Undelivered::DeadLetter => {
                let missing = if self.exists { "" } else { "；没有这个订单" };
                return format!("付款消息被拒绝：{}{missing}", self.rejected_as());
            }
            Undelivered::Retrying => {
                return format!("有消息在重试队列中，{} 返回", self.due());
            }
        };
        words.to_owned()
    }
}

fn owner(kind: Undelivered, in_review: bool, in_stock: bool) -> ActsNext {
    match kind {
        Undelivered::PaymentPending | Undelivered::AwaitingAccount => ActsNext::Shop,
        Undelivered::PaymentInDoubt | Undelivered::PaidLate if in_review => ActsNext::Review,
        Undelivered::PaymentInDoubt | Undelivered::AwaitingConfirmation => ActsNext::Alipay,
        Undelivered::AwaitingStock if !in_stock => ActsNext::Stock,
        Undelivered::AwaitingManual => ActsNext::Review,
        Undelivered::DeadLetter => ActsNext::DeadLetters,
        Undelivered::Paused => ActsNext::Pause,
        Undelivered::PaidLate
        | Undelivered::AwaitingStock
        | Undelivered::InProgress
        | Undelivered::Retrying => ActsNext::Worker,
    }
}

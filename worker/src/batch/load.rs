//! Loads a batch: locks its orders and reads what belongs to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use order::agreement::{agree, agree_refund};
use order::{OrderRecord, Refund, Trade};
use store::product::{self, Product};
use store::refund::{self, MerchantTrade};
use store::trade::{self, TradeKey};
use store::user_order::{self, LockedOrder};
use store::{MysqlConnection, StoreError, fulfillment};

use super::batch_refunds::BatchRefunds;
use super::decisions::Decisions;
use super::deposit_backs::DepositBacks;
use super::distinct;
use super::expiries::Expiries;
use super::loaded_order::LoadedOrder;
use super::query_requests::QueryRequests;
use super::recorded_answers::RecordedAnswers;
use super::refund_requests::RequestedRefunds;
use super::working_set::{LockedOrders, WorkingSet};
use crate::message::{Content, InboundMessage};

/// Locks and reads everything that the batch is about, plus the orders in `restock`, about which
/// there is no message.
///
/// Two kinds of rows are written on the way, so that a refund and its trade find each other whichever comes
/// first: those of batch refunds *before* their trades are looked up, and those of the trades that the batch
/// names *before* refunds are read with a lock.
pub(super) fn load(
    connection: &mut MysqlConnection,
    batch: &[InboundMessage],
    restock: &[String],
) -> Result<WorkingSet, StoreError> {
    let mut batch_refunds = BatchRefunds::write(connection, batch)?;
    let of_messages = batch.iter().filter_map(InboundMessage::order);
    let of_refunds = batch_refunds.order_ids();
    let ids = distinct(of_messages.chain(of_refunds).chain(restock.iter().map(String::as_str)));
    let locked = user_order::lock(connection, &ids)?;
    let have: BTreeSet<&str> = locked.iter().map(|order| order.terms.id.as_str()).collect();
    let missing: Vec<&str> = ids.iter().copied().filter(|id| !have.contains(id)).collect();
    let busy = user_order::existing(connection, &missing)?.into_iter().collect();

    let decisions = Decisions::load(connection, batch)?;
    let refund_requests = RequestedRefunds::load(connection, batch)?;
    let answers = RecordedAnswers::load(connection, batch)?;
    let trades = {
        let terms = locked.iter().map(|order| (order.terms.id.as_str(), order)).collect();
        let rows =
            Rows { decisions: &decisions, refund_requests: &refund_requests, answers: &answers };
        distinct(batch.iter().filter_map(|message| named_trade(message, &terms, &rows)))
    };
    let loaded = load_orders(connection, trades, locked, &batch_refunds)?;
    batch_refunds.add_trades(loaded.iter());
    Ok(WorkingSet {
        orders: LockedOrders { loaded, busy },
        batch_refunds,
        decisions,
        expiries: Expiries::load(connection, batch)?,
        deposit_backs: DepositBacks::load(connection, batch)?,
        refund_requests,
        answers,
        query_requests: QueryRequests::default(),
    })
}

/// Reads what belongs to the locked orders. `named`: trades that need a row.
fn load_orders(
    connection: &mut MysqlConnection,
    named: Vec<TradeKey<'_>>,
    locked: Vec<LockedOrder>,
    batch_refunds: &BatchRefunds,
) -> Result<BTreeMap<String, LoadedOrder>, StoreError> {
    trade::insert_missing(connection, &named)?;

    let ids: Vec<&str> = locked.iter().map(|order| order.terms.id.as_str()).collect();
    let mut trades = grouped(trade::of_orders(connection, &ids)?);
    let of_merchants = distinct(locked.iter().flat_map(|order| {
        let merchant = order.terms.merchant.as_str();
        let of_order = trades.get(&order.terms.id).into_iter().flatten();
        of_order.map(move |trade| MerchantTrade { merchant, trade_no: &trade.trade_no })
    }));
    let refunds = refund::of_trades(connection, &of_merchants)?.into_iter();
    let refunds =
        grouped(refunds.map(|(merchant, refund)| ((merchant, refund.trade_no.clone()), refund)));
    let goods: HashMap<String, fulfillment::Goods> = fulfillment::of_orders(connection, &ids)?
        .into_iter()
        .map(|goods| (goods.order_id.clone(), goods))
        .collect();
    let product_ids = distinct(locked.iter().map(|order| order.product_id.as_str()));
    let products: HashMap<String, Product> = product::by_ids(connection, &product_ids)?
        .into_iter()
        .map(|product| (product.id.clone(), product))
        .collect();

    let mut orders = BTreeMap::new();
    for order in locked {
        let Some(product) = products.get(&order.product_id).cloned() else {
            return Err(StoreError::Row { table: "product", what: order.product_id });
        };
        let stored: BTreeMap<String, Trade> = trades
            .remove(&order.terms.id)
            .unwrap_or_default()
            .into_iter()
            .map(|trade| (trade.trade_no.clone(), trade))
            .collect();
        let mut record = OrderRecord::new(order.terms.clone(), product.kind);
        record.trades.clone_from(&stored);
        record.expired_at = order.expired_at;
        let goods = goods.get(&order.terms.id);
        record.fulfillment = goods.map(|goods| goods.state);
        record.goods_imported = goods.is_some_and(|goods| goods.is_imported);
        let before = record.state();
        let merchant = &order.terms.merchant;
        let mut stored_refunds: BTreeMap<(String, String), Refund> = BTreeMap::new();
        for trade_no in stored.keys() {
            for refund in refunds.get(&(merchant.clone(), trade_no.clone())).into_iter().flatten() {
                stored_refunds
                    .insert((trade_no.clone(), refund.refund_key.clone()), refund.clone());
                // A refund that this batch has just written is applied with its own message.
                if !batch_refunds.is_fresh(merchant, refund) {
                    record.apply_refund(refund.clone());
                }
            }
        }
        let id = order.terms.id.clone();
        let loaded = LoadedOrder {
            product,
            stored,
            before,
            fulfillment_before: record.fulfillment,
            stored_refunds,
            record,
            locked: order,
            raised: BTreeSet::new(),
            resolved: BTreeSet::new(),
        };
        orders.insert(id, loaded);
    }
    Ok(orders)
}

fn grouped<K: Eq + Hash, V>(pairs: impl IntoIterator<Item = (K, V)>) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}

/// What messages about rows of the database name.
struct Rows<'a> {
    decisions: &'a Decisions,
    refund_requests: &'a RequestedRefunds,
    answers: &'a RecordedAnswers,
}

/// The trade that a message names, if it agrees with the order.
fn named_trade<'a>(
    message: &'a InboundMessage,
    terms: &HashMap<&str, &LockedOrder>,
    rows: &Rows<'a>,
) -> Option<TradeKey<'a>> {
    let account = &message.account;
    match message.content.as_ref().ok()? {
        Content::RefundAnswer(answer) => {
            let order = terms.get(answer.out_trade_no.as_str())?;
            agree_refund(&order.terms, account, answer).ok()?;
            // Whether its amount fits the other refunds (`refund_requests::fits`) is asked later, when these are read. No row
            // is written here for an answer that does not fit: a refund is requested of a trade that its order has, and
            // the answer about a rejected payment is published once an order has its trade.
            rows.refund_requests.check(account, answer).ok()?;
            Some(TradeKey { order_id: &answer.out_trade_no, trade_no: &answer.trade_no })
        }
        Content::Decision(named) => {
            let trade_no = rows.decisions.confirmed_trade(named)?;
            let order = terms.get(named.order.as_str())?;
            (order.terms.merchant == account.merchant)
                .then_some(TradeKey { order_id: &named.order, trade_no })
        }
        _ => {
            let notification = message.trade().filter(|_| rows.answers.has(message))?;
            let order = terms.get(notification.out_trade_no.as_str())?;
            agree(&order.terms, account, notification).ok()?;
            Some(TradeKey {
                order_id: &notification.out_trade_no,
                trade_no: &notification.trade_no,
            })
        }
    }
}

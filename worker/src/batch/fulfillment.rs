//! Goods out and goods back, for all orders of a batch at once.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use order::{FulfillmentState, GoodsDecision, OrderState, ProductKind};
use store::entitlement::{self, NewEntitlement};
use store::stock::{self, GivenCode};
use store::{MysqlConnection, StoreError, fulfillment};

use super::loaded_order::LoadedOrder;

/// Decides for every order what has to happen with its goods, and does it: codes are
/// given and taken back, subscriptions granted and revoked, and orders that wait are marked. The new
/// state of the goods is set in each order's record.
pub(super) fn move_goods(
    connection: &mut MysqlConnection,
    orders: &mut BTreeMap<String, LoadedOrder>,
    priority: CodePriority,
) -> Result<(), StoreError> {
    let states: BTreeMap<String, OrderState> =
        orders.iter().map(|(id, order)| (id.clone(), order.record.state())).collect();
    let mut deliver = Vec::new();
    let mut take_back = Vec::new();
    let mut moves: BTreeMap<String, FulfillmentState> = BTreeMap::new();
    for (id, state) in &states {
        match orders[id].record.goods(state) {
            GoodsDecision::Nothing => {}
            GoodsDecision::Deliver => deliver.push(id.as_str()),
            GoodsDecision::TakeBack => take_back.push(id.as_str()),
            GoodsDecision::Cancel => {
                moves.insert(id.clone(), FulfillmentState::Cancelled);
            }
        }
    }
    // The earliest payment is delivered first.
    deliver.sort_by_key(|id| (states[*id].paid_dtime, *id));
    let mut stock = pick_stock(connection, orders, &deliver, priority)?;
    let mut given = Vec::new();
    let mut granted = Vec::new();
    for &id in &deliver {
        let order = &orders[id];
        let next = match order.product.kind {
            ProductKind::Stock => {
                let units = usize::try_from(order.locked.quantity).unwrap_or(0);
                let codes = stock.entry(order.product.id.clone()).or_default();
                if codes.len() >= units {
                    given.extend(
                        codes.drain(..units).map(|code| GivenCode { id: code, order_id: id }),
                    );
                    FulfillmentState::Delivered
                } else {
                    if priority == CodePriority::Restock {
                        // Fewer codes than were counted: no later order is served first.
                        codes.clear();
                    }
                    FulfillmentState::AwaitingStock
                }
            }
            ProductKind::Subscription if !order::names_account(&order.locked.account) => {
                FulfillmentState::AwaitingAccount
            }
            ProductKind::Subscription => {
                granted.push(NewEntitlement {
                    order_id: id,
                    account: &order.locked.account,
                    product_id: &order.product.id,
                    days: order.product.days_of(order.locked.quantity),
                    starts_at: states[id].paid_dtime,
                });
                FulfillmentState::Delivered
            }
            ProductKind::Manual => FulfillmentState::AwaitingManual,
        };
        moves.insert(id.to_owned(), next);
    }
    granted.sort_by_key(|entitlement| entitlement.order_id);
    stock::give(connection, &given)?;
    entitlement::grant(connection, &granted)?;

    let (codes, subscriptions): (Vec<&str>, Vec<&str>) =
        take_back.iter().partition(|id| orders[**id].product.kind != ProductKind::Subscription);
    stock::take_back(connection, &codes)?;
    entitlement::revoke(connection, &subscriptions)?;
    moves.extend(take_back.iter().map(|id| ((*id).to_owned(), FulfillmentState::Returned)));

    for (id, next) in moves {
        if let Some(order) = orders.get_mut(&id) {
            order.record.fulfillment = Some(next);
        }
    }
    // A delivery by hand is in the order's record already.
    let changes: Vec<fulfillment::GoodsChange<'_>> = orders
        .iter()
        .filter(|(_, order)| order.record.fulfillment != order.fulfillment_before)
        .filter_map(|(id, order)| {
            Some(fulfillment::GoodsChange {
                order_id: id,
                product_id: &order.product.id,
                state: order.record.fulfillment?,
                units: order.locked.quantity,
            })
        })
        .collect();
    fulfillment::upsert(connection, &changes)
}

/// Whether codes may go to the orders of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodePriority {
    /// The restock sweeper has chosen orders whose turn it is.
    Restock,
    /// They come with their messages: not before an order that has waited longer than this.
    Batch(Duration),
}

/// Locks as many available codes of each product as the orders ask for, in one statement a product.
fn pick_stock(
    connection: &mut MysqlConnection,
    orders: &BTreeMap<String, LoadedOrder>,
    deliver: &[&str],
    priority: CodePriority,
) -> Result<HashMap<String, VecDeque<i64>>, StoreError> {
    let mut units: BTreeMap<&str, i64> = BTreeMap::new();
    for id in deliver {
        let order = &orders[*id];
        if order.product.kind == ProductKind::Stock {
            *units.entry(&order.product.id).or_default() += i64::from(order.locked.quantity);
        }
    }
    if let CodePriority::Batch(overtake_limit) = priority {
        let asked: Vec<&str> = units.keys().copied().collect();
        for kept in fulfillment::kept_products(connection, &asked, overtake_limit)? {
            units.remove(kept.as_str());
        }
    }
    let mut stock = HashMap::new();
    for (product_id, units) in units {
        let codes = stock::pick(connection, product_id, units)?;
        stock.insert(product_id.to_owned(), codes.into());
    }
    Ok(stock)
}

//! The orders of one batch in memory: read under lock, told what the notifications say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use alipay::{BatchRefundNotify, Notification, TradeStatusSync};
use diesel::mysql::MysqlConnection;
use order::{FulfillmentState, Identity, OrderRecord, OrderState, Refund, Trade};
use store::product::Product;
use store::refund::MerchantTrade;
use store::trade::TradeKey;
use store::user_order::LockedOrder;
use store::{StoreError, fulfillment, product, refund, trade, user_order};

use crate::incoming::Incoming;
use crate::verdict::{Never, Verdict};

/// One locked order: as it was, and as it is known now.
pub(crate) struct Sheet {
    pub(crate) locked: LockedOrder,
    pub(crate) product: Product,
    /// All that is known, learning included.
    pub(crate) record: OrderRecord,
    /// Trades as they are in the database.
    stored: BTreeMap<String, Trade>,
    /// Refunds as they are in the database, by (trade_no, refund_key).
    stored_refunds: BTreeMap<(String, String), Refund>,
    /// The state as it is in the database.
    pub(crate) before: OrderState,
    pub(crate) fulfillment_before: Option<FulfillmentState>,
}

impl Sheet {
    /// Trades that differ from their rows.
    pub(crate) fn changed_trades(&self) -> impl Iterator<Item = &Trade> {
        self.record.trades.values().filter(|trade| self.stored.get(&trade.trade_no) != Some(*trade))
    }

    /// Refunds that differ from their rows. A refund overtaken by a later one adds a row here and
    /// changes nothing else.
    pub(crate) fn changed_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.record
            .refunds
            .iter()
            .filter(|(key, refund)| self.stored_refunds.get(*key) != Some(*refund))
            .map(|(_, refund)| refund)
    }
}

/// All locked orders of a batch, by id, and the orders that could not be locked.
pub(crate) struct Page {
    pub(crate) sheets: BTreeMap<String, Sheet>,
    busy: BTreeSet<String>,
    /// Orders that know a trade number of a batch refund, by merchant and trade number.
    links: HashMap<(String, String), Vec<String>>,
    /// Refund rows of batch refunds that were new or have grown.
    fresh_refunds: BTreeSet<(String, String, String)>,
}

impl Page {
    /// Locks and reads everything that the batch is about, plus the orders in `settle`, about which
    /// nothing new is said. Refund rows of batch refunds are written on the way: *before* their
    /// trades are looked up, see [`store::trade::orders_of`].
    pub(crate) fn open(
        connection: &mut MysqlConnection,
        batch: &[Incoming],
        settle: &[String],
    ) -> Result<Page, StoreError> {
        let (fresh_refunds, links) = book_batch_refunds(connection, batch)?;
        let wanted: BTreeSet<&str> = batch
            .iter()
            .filter_map(Incoming::order_id)
            .chain(links.values().flatten().map(String::as_str))
            .chain(settle.iter().map(String::as_str))
            .collect();
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let locked = user_order::lock(connection, &wanted)?;

        let have: BTreeSet<&str> = locked.iter().map(|order| order.terms.id.as_str()).collect();
        let missing: Vec<&str> = wanted.iter().copied().filter(|id| !have.contains(id)).collect();
        let busy = user_order::existing(connection, &missing)?.into_iter().collect();

        let sheets = read_sheets(connection, batch, locked)?;
        Ok(Page { sheets, busy, links, fresh_refunds })
    }

    /// Tells the orders what one notification says.
    pub(crate) fn tell(&mut self, incoming: &Incoming) -> Told<'_> {
        match &incoming.content {
            Err(never) => Told::verdict(Verdict::Never(never.clone())),
            Ok(Notification::Trade(said)) => self.tell_trade(&incoming.identity, said),
            Ok(Notification::BatchRefund(batch)) => self.tell_batch(&incoming.identity, batch),
        }
    }

    fn tell_trade(&mut self, identity: &Identity, said: &TradeStatusSync) -> Told<'_> {
        let Some(sheet) = self.sheets.get_mut(&said.out_trade_no) else {
            let busy = self.busy.contains(&said.out_trade_no);
            return Told::verdict(if busy { Verdict::Locked } else { Verdict::NotYet });
        };
        let before = sheet.record.clone();
        if let Err(mismatch) = sheet.record.learn_trade(identity, said) {
            let never = Never::new(mismatch.reason_code(), &mismatch);
            return Told::verdict(Verdict::Never(never));
        }
        Told { verdict: Verdict::Done, before: vec![before], after: vec![&*sheet], booked: false }
    }

    fn tell_batch(&mut self, identity: &Identity, batch: &BatchRefundNotify) -> Told<'_> {
        let mut before = Vec::new();
        let mut ids = BTreeSet::new();
        let mut booked = false;
        for item in &batch.items {
            let refund = Refund::of_batch_item(batch, item);
            let key = (identity.merchant.clone(), item.trade_no.clone());
            booked |= self.fresh_refunds.contains(&(
                identity.merchant.clone(),
                item.trade_no.clone(),
                refund.refund_key.clone(),
            ));
            for id in self.links.get(&key).into_iter().flatten() {
                match self.sheets.get_mut(id) {
                    // The trade number of a stranger's order says nothing about that order.
                    Some(sheet) if sheet.record.terms.merchant != identity.merchant => {}
                    Some(sheet) => {
                        if ids.insert(id.clone()) {
                            before.push(sheet.record.clone());
                        }
                        sheet.record.learn_refund(refund.clone());
                    }
                    None => return Told::verdict(Verdict::Locked),
                }
            }
        }
        let after = ids.iter().filter_map(|id| self.sheets.get(id)).collect();
        Told { verdict: Verdict::Done, before, after, booked }
    }
}

/// What telling one notification did: the orders before and after, side by side.
pub(crate) struct Told<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) before: Vec<OrderRecord>,
    pub(crate) after: Vec<&'a Sheet>,
    /// A refund row was written that no order may know of yet.
    pub(crate) booked: bool,
}

impl Told<'_> {
    fn verdict(verdict: Verdict) -> Told<'static> {
        Told { verdict, before: Vec::new(), after: Vec::new(), booked: false }
    }
}

type Links = HashMap<(String, String), Vec<String>>;
type RefundKeys = BTreeSet<(String, String, String)>;

/// Writes the refund rows of all batch refunds and finds the orders that know their trades.
fn book_batch_refunds(
    connection: &mut MysqlConnection,
    batch: &[Incoming],
) -> Result<(RefundKeys, Links), StoreError> {
    let mut refunds: BTreeMap<(&str, String, String), Refund> = BTreeMap::new();
    for incoming in batch {
        let Ok(Notification::BatchRefund(said)) = &incoming.content else { continue };
        for item in &said.items {
            let refund = Refund::of_batch_item(said, item);
            let merchant = incoming.identity.merchant.as_str();
            refunds
                .entry((merchant, refund.trade_no.clone(), refund.refund_key.clone()))
                .and_modify(|known| known.merge(&refund))
                .or_insert(refund);
        }
    }
    if refunds.is_empty() {
        return Ok((RefundKeys::new(), Links::new()));
    }
    let trades: BTreeSet<MerchantTrade<'_>> = refunds
        .keys()
        .map(|(merchant, trade_no, _)| MerchantTrade { merchant, trade_no })
        .collect();
    let trades: Vec<MerchantTrade<'_>> = trades.into_iter().collect();
    let known: HashMap<_, _> = refund::of_trades(connection, &trades)?
        .into_iter()
        .map(|(merchant, row)| ((merchant, row.trade_no.clone(), row.refund_key.clone()), row))
        .collect();
    let mut fresh = RefundKeys::new();
    for ((merchant, trade_no, refund_key), refund) in &refunds {
        let key = ((*merchant).to_owned(), trade_no.clone(), refund_key.clone());
        let grows = known.get(&key).is_none_or(|row| {
            let mut merged = row.clone();
            merged.merge(refund);
            merged != *row
        });
        if grows {
            fresh.insert(key);
        }
    }
    let rows: Vec<(&str, &Refund)> =
        refunds.iter().map(|((merchant, ..), refund)| (*merchant, refund)).collect();
    refund::upsert(connection, &rows)?;

    let trade_nos: BTreeSet<&str> = trades.iter().map(|trade| trade.trade_no).collect();
    let trade_nos: Vec<&str> = trade_nos.into_iter().collect();
    let found = trade::orders_of(connection, &trade_nos)?;
    let mut links = Links::new();
    for trade in &trades {
        for (_, order_id) in found.iter().filter(|(trade_no, _)| trade_no == trade.trade_no) {
            links
                .entry((trade.merchant.to_owned(), trade.trade_no.to_owned()))
                .or_default()
                .push(order_id.clone());
        }
    }
    Ok((fresh, links))
}

/// Reads what hangs on the locked orders. Rows for trades that the batch names are made first, then
/// refunds are read with a lock: the other half of the handshake with [`book_batch_refunds`].
fn read_sheets(
    connection: &mut MysqlConnection,
    batch: &[Incoming],
    locked: Vec<LockedOrder>,
) -> Result<BTreeMap<String, Sheet>, StoreError> {
    let terms: HashMap<&str, &LockedOrder> =
        locked.iter().map(|order| (order.terms.id.as_str(), order)).collect();
    let named: BTreeSet<TradeKey<'_>> = batch
        .iter()
        .filter_map(|incoming| match &incoming.content {
            Ok(Notification::Trade(said)) => Some((said, &incoming.identity)),
            _ => None,
        })
        .filter(|(said, identity)| {
            terms
                .get(said.out_trade_no.as_str())
                .is_some_and(|order| order::agreement::agree(&order.terms, identity, said).is_ok())
        })
        .map(|(said, _)| TradeKey { order_id: &said.out_trade_no, trade_no: &said.trade_no })
        .collect();
    trade::insert_missing(connection, &named.into_iter().collect::<Vec<_>>())?;

    let ids: Vec<&str> = locked.iter().map(|order| order.terms.id.as_str()).collect();
    let mut stored: HashMap<String, BTreeMap<String, Trade>> = HashMap::new();
    for (order_id, trade) in trade::of_orders(connection, &ids)? {
        stored.entry(order_id).or_default().insert(trade.trade_no.clone(), trade);
    }
    let trades: BTreeSet<MerchantTrade<'_>> = locked
        .iter()
        .flat_map(|order| {
            let merchant = order.terms.merchant.as_str();
            let trades = stored.get(&order.terms.id).into_iter().flat_map(BTreeMap::keys);
            trades.map(move |trade_no| MerchantTrade { merchant, trade_no })
        })
        .collect();
    let refunds = refund::of_trades(connection, &trades.into_iter().collect::<Vec<_>>())?;
    let mut refunds_of: HashMap<(String, String), Vec<Refund>> = HashMap::new();
    for (merchant, refund) in refunds {
        refunds_of.entry((merchant, refund.trade_no.clone())).or_default().push(refund);
    }
    let mut fulfillments: HashMap<String, FulfillmentState> =
        fulfillment::of_orders(connection, &ids)?.into_iter().collect();
    let product_ids: BTreeSet<&str> =
        locked.iter().map(|order| order.product_id.as_str()).collect();
    let products: HashMap<String, Product> =
        product::by_ids(connection, &product_ids.into_iter().collect::<Vec<_>>())?
            .into_iter()
            .map(|product| (product.id.clone(), product))
            .collect();

    let mut sheets = BTreeMap::new();
    for order in locked {
        let Some(product) = products.get(&order.product_id).cloned() else {
            return Err(StoreError::Row { table: "product", what: order.product_id });
        };
        let stored = stored.remove(&order.terms.id).unwrap_or_default();
        let mut record = OrderRecord::new(order.terms.clone(), product.kind);
        record.trades.clone_from(&stored);
        record.fulfillment = fulfillments.remove(&order.terms.id);
        let before = record.state();
        for trade_no in stored.keys() {
            let key = (order.terms.merchant.clone(), trade_no.clone());
            for refund in refunds_of.get(&key).into_iter().flatten() {
                record.learn_refund(refund.clone());
            }
        }
        let sheet = Sheet {
            product,
            stored,
            before,
            fulfillment_before: record.fulfillment,
            stored_refunds: record.refunds.clone(),
            record,
            locked: order,
        };
        sheets.insert(sheet.locked.terms.id.clone(), sheet);
    }
    Ok(sheets)
}

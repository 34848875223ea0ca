//! The orders of one batch in memory: read under lock, told what the notifications say.

mod open;

use std::collections::{BTreeMap, BTreeSet};

use alipay::{BatchRefundNotify, Notification, TradeStatusSync};
use diesel::mysql::MysqlConnection;
use order::{FulfillmentState, Identity, OrderRecord, OrderState, Refund, Trade};
use store::product::Product;
use store::user_order::LockedOrder;
use store::{StoreError, user_order};

use crate::incoming::Incoming;
use crate::verdict::{Never, Verdict};
use open::{Links, RefundKeys, book_batch_refunds, read_sheets};

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
    /// Orders by the trades that they know, by merchant and trade number.
    links: Links,
    /// Refund rows of batch refunds that were new or have grown.
    fresh_refunds: RefundKeys,
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
        let (fresh_refunds, mut links) = book_batch_refunds(connection, batch)?;
        let wanted: BTreeSet<&str> = batch
            .iter()
            .filter_map(Incoming::order)
            .chain(links.values().flatten().map(String::as_str))
            .chain(settle.iter().map(String::as_str))
            .collect();
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let locked = user_order::lock(connection, &wanted)?;

        let have: BTreeSet<&str> = locked.iter().map(|order| order.terms.id.as_str()).collect();
        let missing: Vec<&str> = wanted.iter().copied().filter(|id| !have.contains(id)).collect();
        let busy = user_order::existing(connection, &missing)?.into_iter().collect();

        let sheets = read_sheets(connection, batch, locked, &fresh_refunds)?;
        // A trade of which this very batch brings the first word was not there to be found above.
        for (id, sheet) in &sheets {
            for trade_no in sheet.record.trades.keys() {
                let trade = (sheet.record.terms.merchant.clone(), trade_no.clone());
                let orders = links.entry(trade).or_default();
                if !orders.contains(id) {
                    orders.push(id.clone());
                }
            }
        }
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

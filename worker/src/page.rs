//! The orders of one batch in memory: read under lock, told what the messages say.

mod answers;
mod decisions;
mod deposit_backs;
mod expiries;
mod open;
mod refund_answers;
mod sheet;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};

use alipay::BatchRefundNotify;
use chrono::Utc;
use order::agreement::agree;
use order::{Identity, Mismatch, OrderRecord, QueryReason, Refund, Review, ReviewReason};
use store::{MysqlConnection, StoreError, user_order};

use crate::contradiction::{self, Said};
use crate::incoming::{Content, Incoming};
use crate::verdict::{Never, Verdict};
use answers::Answers;
pub(crate) use decisions::{Decisions, Noted};
use deposit_backs::DepositBacks;
pub(crate) use expiries::Expiries;
use open::{Links, RefundKeys, Rows, book_batch_refunds, read_sheets};
use refund_answers::RefundRequests;
pub(crate) use sheet::Sheet;
pub(crate) use wishes::Wishes;

/// All locked orders of a batch, by id, and the orders that could not be locked.
pub(crate) struct Page {
    pub(crate) sheets: BTreeMap<String, Sheet>,
    busy: BTreeSet<String>,
    /// Orders by the trades that they know, by merchant and trade number.
    links: Links,
    /// Refund rows of batch refunds that were new or have grown.
    fresh_refunds: RefundKeys,
    /// What persons decided.
    pub(crate) decisions: Decisions,
    /// Orders whose time was over.
    pub(crate) expiries: Expiries,
    /// Refunds that were asked for.
    refund_requests: RefundRequests,
    /// Answers of the gateway that are on record.
    answers: Answers,
    /// What banks did with refunds.
    deposit_backs: DepositBacks,
    /// Orders that the gateway is to be asked about.
    pub(crate) wishes: Wishes,
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

        let decisions = Decisions::open(connection, batch)?;
        let refund_requests = RefundRequests::open(connection, batch)?;
        let answers = Answers::open(connection, batch)?;
        let rows =
            Rows { decisions: &decisions, refund_requests: &refund_requests, answers: &answers };
        let sheets = read_sheets(connection, batch, locked, &fresh_refunds, &rows)?;
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
        Ok(Page {
            sheets,
            busy,
            links,
            fresh_refunds,
            decisions,
            expiries: Expiries::open(connection, batch)?,
            deposit_backs: DepositBacks::open(connection, batch)?,
            refund_requests,
            answers,
            wishes: Wishes::default(),
        })
    }

    /// Tells the orders what one message says.
    pub(crate) fn tell(&mut self, incoming: &Incoming) -> Told<'_> {
        let identity = &incoming.identity;
        match &incoming.content {
            Err(never) => Told::verdict(Verdict::Never(never.clone())),
            Ok(Content::BatchRefund(batch)) => self.tell_batch(identity, batch),
            Ok(Content::Trade(said)) => self.tell_order(&said.out_trade_no, |sheet| {
                sheet.record.learn_trade(identity, said).map_err(Never::from)?;
                sheet.look_at_time_limit(identity);
                Ok(())
            }),
            Ok(Content::Answer(_) | Content::NoTrade { .. })
                if !self.answers.believes(incoming) =>
            {
                self.ask_again(incoming)
            }
            Ok(Content::Answer(said)) => self.tell_order(&said.out_trade_no, |sheet| {
                same_merchant(sheet, identity)?;
                // Of an answer this is when the gateway was asked.
                let asked_at = said.notify_time.unwrap_or(incoming.received_at);
                contradiction::compare(sheet, &Said::Trade(said), asked_at);
                sheet.record.learn_answer(identity, said).map_err(Never::from)?;
                // Whatever was doubted, this is what Alipay says.
                sheet.resolved.extend(ReviewReason::DOUBTS);
                sheet.look_at_time_limit(identity);
                Ok(())
            }),
            Ok(Content::Doubtful(doubtful)) => {
                let wishes = &mut self.wishes;
                let at = incoming.received_at;
                let (said, doubt) = (&doubtful.said, &doubtful.doubt);
                tell_order(&mut self.sheets, &self.busy, &said.out_trade_no, |sheet| {
                    agree(&sheet.record.terms, identity, said)?;
                    if doubtful.is_asked {
                        let why = doubt.query_reason();
                        wishes.request(&said.out_trade_no, &identity.merchant, why, at);
                    } else {
                        let (reason, evidence) = (doubt.reason(), said.trade_no.clone());
                        sheet.raised.insert(Review { reason, evidence });
                    }
                    Ok(())
                })
            }
            Ok(Content::DepositBack(said)) => {
                let deposit_backs = &self.deposit_backs;
                let mut review = None;
                let told = tell_order(&mut self.sheets, &self.busy, &said.out_trade_no, |sheet| {
                    same_merchant(sheet, identity)?;
                    review = deposit_backs.review(said)?;
                    sheet.raised.extend(review.clone());
                    Ok(())
                });
                Told { news: review.is_some(), ..told }
            }
            Ok(Content::RefundAnswer(said)) => {
                let (sheets, requests) = (&mut self.sheets, &self.refund_requests);
                tell_order(sheets, &self.busy, &said.out_trade_no, |sheet| {
                    same_merchant(sheet, identity)?;
                    requests.check(identity, said)?;
                    refund_answers::fits(&sheet.record, said)?;
                    sheet.record.learn_refund_answer(identity, said).map_err(Never::from)
                })
            }
            Ok(Content::NoTrade { order }) => self.tell_order(order, |sheet| {
                same_merchant(sheet, identity)?;
                contradiction::compare(sheet, &Said::NoTrade, incoming.received_at);
                Ok(())
            }),
            Ok(Content::Expiry { order }) => {
                let (expiries, wishes) = (&mut self.expiries, &mut self.wishes);
                let mut asked = false;
                let told = tell_order(&mut self.sheets, &self.busy, order, |sheet| {
                    same_merchant(sheet, identity)?;
                    if !expiries.apply(&mut sheet.record) {
                        // A message of version 0.1, or anybody's: Alipay is asked once more.
                        wishes.request(order, &identity.merchant, QueryReason::Expiry, Utc::now());
                        asked = true;
                    }
                    Ok(())
                });
                Told { news: asked, ..told }
            }
            Ok(Content::Request { order, asked_by }) => {
                let wishes = &mut self.wishes;
                let told = tell_order(&mut self.sheets, &self.busy, order, |sheet| {
                    same_merchant(sheet, identity)?;
                    wishes.request(order, &identity.merchant, *asked_by, incoming.received_at);
                    Ok(())
                });
                Told { news: told.verdict == Verdict::Done, ..told }
            }
            Ok(Content::Decision(named)) => {
                let mut news = false;
                let noted = self.decisions.noted(named);
                let decisions = &mut self.decisions;
                let told = tell_order(&mut self.sheets, &self.busy, &named.order, |sheet| {
                    same_merchant(sheet, identity)?;
                    news = decisions.apply(&mut sheet.record, named)?;
                    Ok(())
                });
                Told { news, noted, ..told }
            }
        }
    }

    fn tell_order(
        &mut self,
        order: &str,
        learn: impl FnOnce(&mut Sheet) -> Result<(), Never>,
    ) -> Told<'_> {
        tell_order(&mut self.sheets, &self.busy, order, learn)
    }

    /// An answer that no program of ours has written down: one of version 0.1, or anybody's. Alipay is asked.
    fn ask_again(&mut self, incoming: &Incoming) -> Told<'_> {
        let (identity, order) = (&incoming.identity, incoming.order().unwrap_or_default());
        let wishes = &mut self.wishes;
        let told = tell_order(&mut self.sheets, &self.busy, order, |sheet| {
            same_merchant(sheet, identity)?;
            wishes.request(order, &identity.merchant, QueryReason::Answer, Utc::now());
            Ok(())
        });
        Told { news: told.verdict == Verdict::Done, ..told }
    }

    fn tell_batch(&mut self, identity: &Identity, batch: &BatchRefundNotify) -> Told<'_> {
        let mut before = Vec::new();
        let mut ids = BTreeSet::new();
        let mut booked = false;
        let mut parked = Vec::new();
        let mut waits = false;
        for item in &batch.items {
            let refund = Refund::of_batch_item(batch, item);
            let key = (identity.merchant.clone(), item.trade_no.clone());
            booked |= self.fresh_refunds.contains(&(
                identity.merchant.clone(),
                item.trade_no.clone(),
                refund.refund_key.clone(),
            ));
            let orders = self.links.get(&key).into_iter().flatten();
            let is_ours = |id: &&String| {
                self.sheets
                    .get(*id)
                    .is_none_or(|sheet| sheet.record.terms.merchant == identity.merchant)
            };
            if !orders.clone().any(|id| is_ours(&id)) {
                parked.push(item.trade_no.clone());
                // Its row waits for the order; that the bank sent the money back must be told then, too.
                waits |= item.is_sent_back();
            }
            for id in orders {
                match self.sheets.get_mut(id) {
                    // The trade number of a stranger's order says nothing about that order.
                    Some(sheet) if sheet.record.terms.merchant != identity.merchant => {}
                    Some(sheet) => {
                        if ids.insert(id.clone()) {
                            before.push(sheet.record.clone());
                        }
                        sheet.record.learn_batch_refund(identity, refund.clone());
                        if item.is_sent_back() {
                            sheet.raised.insert(deposit_backs::review_of_item(batch, item));
                        }
                    }
                    None => return Told::verdict(Verdict::Locked),
                }
            }
        }
        let after = ids.iter().filter_map(|id| self.sheets.get(id)).collect();
        let verdict = if waits { Verdict::NotYet } else { Verdict::Done };
        Told { news: booked, parked, ..Told::of(verdict, before, after) }
    }
}

/// Tells one order something, if it is there and locked.
fn tell_order<'a>(
    sheets: &'a mut BTreeMap<String, Sheet>,
    busy: &BTreeSet<String>,
    order: &str,
    learn: impl FnOnce(&mut Sheet) -> Result<(), Never>,
) -> Told<'a> {
    let Some(sheet) = sheets.get_mut(order) else {
        return Told::verdict(if busy.contains(order) { Verdict::Locked } else { Verdict::NotYet });
    };
    let before = sheet.record.clone();
    match learn(sheet) {
        Err(never) => Told::verdict(Verdict::Never(never)),
        Ok(()) => Told::of(Verdict::Done, vec![before], vec![&*sheet]),
    }
}

/// A request or a decision about an order is for the merchant that the order belongs to.
fn same_merchant(sheet: &Sheet, identity: &Identity) -> Result<(), Never> {
    let order = &sheet.record.terms.merchant;
    if *order == identity.merchant {
        return Ok(());
    }
    let notification = identity.merchant.clone();
    Err(Mismatch::Merchant { order: order.clone(), notification }.into())
}

/// What telling one message did: the orders before and after, side by side.
pub(crate) struct Told<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) before: Vec<OrderRecord>,
    pub(crate) after: Vec<&'a Sheet>,
    /// It was news in a way that the orders do not show: a refund row that no order may know of yet, a
    /// question for the gateway, a review that a person ended.
    pub(crate) news: bool,
    /// Trades of refunds that no order of the merchant knows: their rows wait, and count for nothing until
    /// one does.
    pub(crate) parked: Vec<String>,
    /// The row that a message about a decision names.
    pub(crate) noted: Option<Noted>,
}

impl<'a> Told<'a> {
    fn of(verdict: Verdict, before: Vec<OrderRecord>, after: Vec<&'a Sheet>) -> Told<'a> {
        Told { verdict, before, after, news: false, parked: Vec::new(), noted: None }
    }

    fn verdict(verdict: Verdict) -> Told<'a> {
        Told::of(verdict, Vec::new(), Vec::new())
    }
}

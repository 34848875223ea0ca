//! Whether an amendment may be made, and by how many people.

use alipay::Fen;
use chrono::{DateTime, Utc};
use config::Config;
use order::{AmendmentState, OrderRecord, OrderTerms, ProductKind, RefundRequestState};
use store::amendment::{self, AmendableTerms, AmendmentRow};
use store::product::Product;
use store::{MysqlConnection, clock, fulfillment, refund_request, trade, user_order};

use super::super::missing_order;
use super::terms::{TermChange, Terms, changes};
use crate::failure::Failure;
use crate::operations::product;

/// What decides whether an amendment may be made, and by how many people.
pub(super) struct AmendmentFacts {
    /// By how much the total changes, with what was amended before by one person alone.
    total: Fen,
    /// By how much the price of what is sold changes.
    price: Fen,
    changes_merchant: bool,
}

impl AmendmentFacts {
    /// Reads and checks, with the order locked.
    pub(super) fn read(
        connection: &mut MysqlConnection,
        config: &Config,
        order: &str,
        before: &AmendableTerms,
        after: &AmendableTerms,
    ) -> Result<AmendmentFacts, Failure> {
        let row = user_order::find(connection, order)?.ok_or_else(|| missing_order(order))?;
        let alone = alone_since(connection, order, before)?;
        let was = product::find(connection, &before.product_id)?;
        let first = product::find(connection, &alone.product_id)?;
        let is = product::find(connection, &after.product_id)?;
        let record = record(connection, row.terms(), row.expired_at.map(|at| at.0), was.kind)?;
        for TermChange { term, .. } in changes(before, after) {
            let fixed = |why| Failure::Refused(format!("order {order}: {term} stays, since {why}"));
            record.may_amend(term).map_err(fixed)?;
        }
        check_refunds(connection, order)?;
        check_kinds(&record, &was, &is)?;
        check_merchant(config, before, after)?;
        if after.expires_at != before.expires_at {
            check_limit(connection, after)?;
            let longest = config.longest_time_to_pay(&after.merchant);
            order::time_limit(row.created_at.0, after.expires_at, longest)
                .map_err(|why| Failure::Usage(format!("the time limit does not count: {why}")))?;
        }
        let units = i64::from(row.quantity);
        Ok(AmendmentFacts {
            total: distance(alone.total_fee, after.total_fee),
            price: distance(price(&first, units), price(&is, units)),
            changes_merchant: before.merchant != after.merchant,
        })
    }

    /// Why a second person has to confirm it: money or goods above the limit, or another merchant's money.
    pub(super) fn second_person(&self, alone_up_to: Fen) -> Option<String> {
        if self.changes_merchant {
            return Some("it changes the merchant".to_owned());
        }
        let (what, most) = match self.total >= self.price {
            true => ("the total", self.total),
            false => ("the price of what is sold", self.price),
        };
        let limit = format!("one person alone may change {alone_up_to} yuan");
        (most > alone_up_to).then(|| format!("{what} changes by {most} yuan; {limit}"))
    }
}

/// All that is known of the order, without its refunds, which do not matter here.
fn record(
    connection: &mut MysqlConnection,
    terms: OrderTerms,
    expired_at: Option<DateTime<Utc>>,
    kind: ProductKind,
) -> Result<OrderRecord, Failure> {
    let id = terms.id.clone();
    let mut record = OrderRecord::new(terms, kind);
    let trades = trade::of_orders(connection, &[id.as_str()])?.into_iter();
    record.trades = trades.map(|(_, trade)| (trade.trade_no.clone(), trade)).collect();
    record.expired_at = expired_at;
    record.fulfillment =
        fulfillment::of_orders(connection, &[id.as_str()])?.first().map(|goods| goods.state);
    Ok(record)
}

/// A payment that no order accepted is given back: with other terms the order would take it, and its buyer would have both.
fn check_refunds(connection: &mut MysqlConnection, order: &str) -> Result<(), Failure> {
    use RefundRequestState::{Asked, Unknown};
    let requests = refund_request::of_order(connection, order)?.into_iter();
    let mut open = requests.filter(|it| it.of_rejected && matches!(it.state, Asked | Unknown));
    match open.next() {
        None => Ok(()),
        Some(request) => Err(Failure::Refused(format!(
            "refund {} of the rejected payment {} is {}: wait until it has ended (`ops refund-requests`)",
            request.request_no, request.trade_no, request.state
        ))),
    }
}

/// Goods that wait for codes can wait for those of another product, and for nothing else.
fn check_kinds(record: &OrderRecord, was: &Product, is: &Product) -> Result<(), Failure> {
    match record.fulfillment {
        Some(state) if was.kind != is.kind => Err(Failure::Refused(format!(
            "its goods are {state}, and product {} is of kind {}, not {}",
            is.id,
            is.kind.as_str(),
            was.kind.as_str()
        ))),
        _ => Ok(()),
    }
}

fn check_merchant(
    config: &Config,
    before: &AmendableTerms,
    after: &AmendableTerms,
) -> Result<(), Failure> {
    if before.merchant == after.merchant || config.merchants.contains_key(&after.merchant) {
        return Ok(());
    }
    Err(Failure::NotFound(crate::operations::unknown_merchant::unknown_merchant(
        config,
        &after.merchant,
    )))
}

/// A limit in the past would close the order at the next look.
fn check_limit(connection: &mut MysqlConnection, after: &AmendableTerms) -> Result<(), Failure> {
    match after.expires_at {
        Some(end) if end <= clock::now(connection)? => {
            Err(Failure::Usage("the time limit is not in the future".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The terms before everything that one person alone has amended since a second person looked: many small steps are as good as a
/// large one.
fn alone_since(
    connection: &mut MysqlConnection,
    order: &str,
    now: &AmendableTerms,
) -> Result<AmendableTerms, Failure> {
    let made = amendment::of_order(connection, order)?.into_iter();
    let made: Vec<AmendmentRow> = made.filter(|row| row.state == AmendmentState::Applied).collect();
    let looked_at = made.iter().rposition(|row| row.decided_by.is_some());
    let first = made.get(looked_at.map_or(0, |at| at + 1));
    first.map_or_else(|| Ok(now.clone()), |row| Terms::read(&row.before))
}

fn price(product: &Product, units: i64) -> Fen {
    Fen::new(product.price.get().saturating_mul(units))
}

fn distance(a: Fen, b: Fen) -> Fen {
    Fen::new((a.get() - b.get()).abs())
}

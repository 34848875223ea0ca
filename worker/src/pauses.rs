//! The pauses that are not over, as this worker knows them.
//!
//! The sweeper of pauses reads them once a second, so a pause takes effect within about a second, and a batch under way
//! comes to its end. Nothing is worked on before they were read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use alipay::BatchRefundNotify;
use order::PauseScope;
use store::pause::{self, PauseRow};
use store::{MysqlConnection, StoreError, paused_message};
use tokio::sync::watch;

use crate::message::{Content, InboundMessage};

/// What waits, with the number of the pause that ends last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ActivePauses {
    everything: bool,
    merchants: BTreeMap<String, i64>,
    products: BTreeMap<String, i64>,
}

impl ActivePauses {
    /// Reads them.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) fn read(connection: &mut MysqlConnection) -> Result<ActivePauses, StoreError> {
        Ok(pause::active(connection)?.into_iter().collect())
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        *self == ActivePauses::default()
    }

    /// How many of a scope wait.
    pub(crate) fn count(&self, scope: PauseScope) -> usize {
        match scope {
            PauseScope::Everything => usize::from(self.everything),
            PauseScope::Merchant => self.merchants.len(),
            PauseScope::Product => self.products.len(),
        }
    }

    /// Whether the lanes take nothing, and no sweeper begins anything.
    pub(crate) fn is_everything(&self) -> bool {
        self.everything
    }

    /// The pause that the work of this merchant waits for.
    pub(crate) fn of_merchant(&self, merchant: &str) -> Option<i64> {
        self.merchants.get(merchant).copied()
    }

    /// Whether the work of this merchant waits.
    pub(crate) fn has_merchant(&self, merchant: &str) -> bool {
        self.merchants.contains_key(merchant)
    }

    /// The merchants whose work waits.
    pub(crate) fn merchants(&self) -> Vec<&str> {
        self.merchants.keys().map(String::as_str).collect()
    }

    /// The products whose orders wait.
    pub(crate) fn products(&self) -> Vec<&str> {
        self.products.keys().map(String::as_str).collect()
    }

    /// For each of these messages the pause that it waits for. The products of orders are only looked up while a product is
    /// paused. A batch of refunds waits as a whole if one of its trades is of such an order.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) fn of_messages(
        &self,
        connection: &mut MysqlConnection,
        messages: &[&InboundMessage],
    ) -> Result<Vec<Option<i64>>, StoreError> {
        let by_product = self.by_number(connection, messages)?;
        let pause_of = |message: &&InboundMessage| {
            let of_merchant = self.of_merchant(&message.account.merchant);
            of_merchant.or_else(|| {
                let mut numbers = numbers_of(message).into_iter();
                numbers.find_map(|number| by_product.get(&number).copied())
            })
        };
        Ok(messages.iter().map(pause_of).collect())
    }

    /// The paused ones of the orders and trades that messages name.
    fn by_number(
        &self,
        connection: &mut MysqlConnection,
        messages: &[&InboundMessage],
    ) -> Result<BTreeMap<NamedNumber, i64>, StoreError> {
        if self.products.is_empty() {
            return Ok(BTreeMap::new());
        }
        let named: Vec<NamedNumber> = messages.iter().flat_map(|it| numbers_of(it)).collect();
        let (mut orders, mut trades) = (Vec::new(), Vec::new());
        for number in &named {
            match number {
                NamedNumber::Order(id) => orders.push(id.as_str()),
                NamedNumber::Trade(number) => trades.push(number.as_str()),
            }
        }
        let orders = paused_message::products_of_orders(connection, &orders)?;
        let trades = paused_message::products_of_trades(connection, &trades)?;
        let orders = orders.into_iter().map(|it| (NamedNumber::Order(it.number), it.product_id));
        let trades = trades.into_iter().map(|it| (NamedNumber::Trade(it.number), it.product_id));
        let paused = |(number, product)| Some((number, *self.products.get::<String>(&product)?));
        Ok(orders.chain(trades).filter_map(paused).collect())
    }
}

impl FromIterator<PauseRow> for ActivePauses {
    /// Of rows in the order of their ends.
    fn from_iter<T: IntoIterator<Item = PauseRow>>(rows: T) -> ActivePauses {
        let mut pauses = ActivePauses::default();
        for row in rows {
            match row.scope {
                PauseScope::Everything => pauses.everything = true,
                PauseScope::Merchant => _ = pauses.merchants.insert(row.scope_id, row.id),
                PauseScope::Product => _ = pauses.products.insert(row.scope_id, row.id),
            }
        }
        pauses
    }
}

/// By what a message names its orders.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum NamedNumber {
    Order(String),
    Trade(String),
}

fn numbers_of(message: &InboundMessage) -> Vec<NamedNumber> {
    match &message.content {
        Ok(Content::BatchRefund(BatchRefundNotify { items, .. })) => {
            items.iter().map(|item| NamedNumber::Trade(item.trade_no.clone())).collect()
        }
        _ => message.order_id().map(NamedNumber::Order).into_iter().collect(),
    }
}

/// Shared by all lanes and sweepers. `None` until they were read once.
#[derive(Debug, Clone)]
pub(crate) struct KnownPauses(Arc<watch::Sender<Option<Arc<ActivePauses>>>>);

impl Default for KnownPauses {
    fn default() -> KnownPauses {
        KnownPauses(Arc::new(watch::Sender::new(None)))
    }
}

impl KnownPauses {
    /// Takes what was read.
    pub(crate) fn set(&self, pauses: ActivePauses) {
        let pauses = Arc::new(pauses);
        self.0.send_if_modified(|known| {
            let is_news = known.as_ref() != Some(&pauses);
            *known = Some(pauses);
            is_news
        });
    }

    /// What is known, read now if nothing is.
    ///
    /// # Errors
    /// What the database says.
    pub(crate) fn or_read(
        &self,
        connection: &mut MysqlConnection,
    ) -> Result<Arc<ActivePauses>, StoreError> {
        let known = self.0.borrow().clone();
        if let Some(known) = known {
            return Ok(known);
        }
        self.set(ActivePauses::read(connection)?);
        Ok(self.0.borrow().clone().unwrap_or_default())
    }

    /// What a sweeper has to leave alone; `None`: it begins nothing now.
    pub(crate) fn for_sweep(&self) -> Option<Arc<ActivePauses>> {
        self.0.borrow().clone().filter(|known| !known.is_everything())
    }

    /// Whether everything is known to be paused.
    pub(crate) fn is_everything(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(|known| known.is_everything())
    }

    /// Resolves when everything is paused.
    pub(crate) async fn everything_waits(&self) {
        self.until(true).await;
    }

    /// Resolves when it is known that not everything is paused.
    pub(crate) async fn not_everything_waits(&self) {
        self.until(false).await;
    }

    async fn until(&self, waits: bool) {
        let is_so = |known: &Option<Arc<ActivePauses>>| {
            known.as_ref().is_some_and(|known| known.is_everything() == waits)
        };
        // The sender lives as long as `self`.
        _ = self.0.subscribe().wait_for(is_so).await;
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;
    use order::PauseScope;
    use store::BeijingTime;
    use store::pause::PauseRow;

    use super::{ActivePauses, KnownPauses};

    fn row(id: i64, scope: PauseScope, scope_id: &str) -> PauseRow {
        PauseRow {
            id,
            scope,
            scope_id: scope_id.to_owned(),
            reason: String::new(),
            begun_by: String::new(),
            begun_at: BeijingTime::default(),
            ends_at: BeijingTime::default(),
            ended_at: None,
            ended_by: None,
        }
    }

    #[test]
    fn of_overlapping_pauses_the_last_to_end_counts() {
        let rows = [
            row(7, PauseScope::Merchant, "shop"),
            row(3, PauseScope::Merchant, "shop"),
            row(4, PauseScope::Product, "shop"),
        ];
        let pauses: ActivePauses = rows.into_iter().collect();
        assert_eq!(pauses.merchants.get("shop"), Some(&3));
        assert!(!pauses.is_everything() && !pauses.has_merchant("other"));
        assert_eq!(pauses.products(), ["shop"]);
    }

    #[tokio::test]
    async fn sweepers_begin_nothing_before_pauses_are_known_and_while_everything_waits() {
        let known = KnownPauses::default();
        assert!(known.for_sweep().is_none());
        let works = known.not_everything_waits();
        tokio::pin!(works);
        assert_eq!(poll!(works.as_mut()), Poll::Pending);
        known.set(ActivePauses::default());
        works.await;
        assert!(known.for_sweep().is_some());
        let waits = known.everything_waits();
        tokio::pin!(waits);
        assert_eq!(poll!(waits.as_mut()), Poll::Pending);
        known.set([row(1, PauseScope::Everything, "")].into_iter().collect());
        waits.await;
        assert!(known.for_sweep().is_none());
    }
}

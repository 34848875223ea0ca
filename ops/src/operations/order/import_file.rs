//! The file that `ops order import` reads.

use std::collections::{BTreeMap, HashMap};

use alipay::{Fen, parse_beijing};
use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use order::ProductKind;
use store::product::{self, Product};
use store::user_order::import::ImportedOrder;
use store::{MysqlConnection, StoreError};

use super::{parse_account, parse_id, parse_new_id, parse_subject};
use crate::operations::order::csv::{CsvRecord, CsvRecords, records};
use crate::operations::order::import::{NumberedOrder, first_problems};

/// The columns, of which the first five and `delivered` must be there.
const COLUMNS: [&str; 9] = [
    "id",
    "merchant",
    "product",
    "total",
    "created_at",
    "delivered",
    "quantity",
    "account",
    "subject",
];

/// How many of them must be there.
const REQUIRED: usize = 6;

/// A file in which every line has been read; products and merchants have not been looked up.
#[derive(Debug)]
pub(crate) struct OrderFile {
    columns: Vec<&'static str>,
    records: Vec<CsvRecord>,
    /// Lines that cannot be read, with why.
    problems: Vec<(usize, String)>,
}

/// What the orders of a file are checked against.
pub(crate) struct Catalogue<'a> {
    pub(crate) products: HashMap<String, Product>,
    /// Names of the configuration; empty: none is configured, and any will do.
    pub(crate) merchants: Vec<&'a str>,
    pub(crate) now: DateTime<Utc>,
}

impl<'a> Catalogue<'a> {
    /// What the orders of this file are checked against now.
    pub(crate) fn of(
        connection: &mut MysqlConnection,
        config: &'a Config,
        file: &OrderFile,
    ) -> Result<Catalogue<'a>, StoreError> {
        let products = product::by_ids(connection, &file.products())?;
        let products = products.into_iter().map(|product| (product.id.clone(), product)).collect();
        let merchants = config.merchants.keys().map(String::as_str).collect();
        Ok(Catalogue { products, merchants, now: Utc::now() })
    }
}

impl OrderFile {
    /// Reads the lines and the heading.
    ///
    /// # Errors
    /// What is wrong with the form of the file.
    pub(crate) fn read(bytes: &[u8]) -> Result<OrderFile, String> {
        let CsvRecords { records, problems } = records(bytes)?;
        let mut records = records.into_iter();
        let heading = match (records.next(), problems.first()) {
            // The heading itself cannot be read.
            (Some(heading), Some((line, problem))) if *line <= heading.line => {
                return Err(format!("line {line}: {problem}"));
            }
            (None, Some((line, problem))) => return Err(format!("line {line}: {problem}")),
            (heading, _) => heading.ok_or("the file is empty")?,
        };
        let mut columns: Vec<&'static str> = Vec::new();
        for name in &heading.values {
            let name = name.trim();
            let known = COLUMNS.into_iter().find(|column| *column == name).ok_or_else(|| {
                format!("line {}: no column {name:?}: one of {}", heading.line, COLUMNS.join(", "))
            })?;
            if columns.contains(&known) {
                return Err(format!("line {}: the column {name} is there twice", heading.line));
            }
            columns.push(known);
        }
        if let Some(missing) = COLUMNS[..REQUIRED].iter().find(|name| !columns.contains(name)) {
            return Err(format!("line {}: the column {missing} is missing", heading.line));
        }
        Ok(OrderFile { columns, records: records.collect(), problems })
    }

    /// The products that the lines name, each once.
    fn products(&self) -> Vec<&str> {
        let at = self.columns.iter().position(|column| *column == "product");
        let mut products: Vec<&str> = self
            .records
            .iter()
            .filter_map(|record| record.values.get(at?).map(|value| value.trim()))
            .collect();
        products.sort_unstable();
        products.dedup();
        products
    }

    /// Every order.
    ///
    /// # Errors
    /// Every line that is no order, up to a limit, with its number.
    pub(crate) fn orders(&self, known: &Catalogue<'_>) -> Result<Vec<NumberedOrder>, String> {
        let mut orders = Vec::with_capacity(self.records.len());
        let mut problems = self.problems.clone();
        let mut lines: HashMap<&str, usize> = HashMap::new();
        for record in &self.records {
            match self.order(record, known) {
                Err(problem) => problems.push((record.line, problem)),
                Ok(order) => {
                    orders.push(NumberedOrder { line: Some(record.line), order });
                }
            }
        }
        for numbered in &orders {
            let line = numbered.line.unwrap_or_default();
            let id = numbered.order.id.as_str();
            if let Some(first) = lines.insert(id, line) {
                problems.push((line, format!("order {id} is on line {first} already")));
            }
        }
        if problems.is_empty() {
            return Ok(orders);
        }
        problems.sort();
        let lines: Vec<String> =
            problems.iter().map(|(line, problem)| format!("line {line}: {problem}")).collect();
        Err(first_problems(&lines))
    }

    fn order(&self, record: &CsvRecord, known: &Catalogue<'_>) -> Result<ImportedOrder, String> {
        let (is, expected) = (record.values.len(), self.columns.len());
        if is != expected {
            return Err(format!("{is} values, the heading has {expected}"));
        }
        let values: BTreeMap<&str, &str> = self
            .columns
            .iter()
            .copied()
            .zip(record.values.iter().map(|value| value.trim()))
            .collect();
        let value = |name: &str| values.get(name).copied().unwrap_or_default();
        let named = |name: &str, read: fn(&str) -> Result<String, String>| {
            read(value(name)).map_err(|problem| format!("{name} {:?}: {problem}", value(name)))
        };
        let merchant = named("merchant", parse_id)?;
        if !known.merchants.is_empty() && !known.merchants.contains(&merchant.as_str()) {
            let configured = known.merchants.join(", ");
            return Err(format!(
                "merchant {merchant} is not configured (configured: {configured})"
            ));
        }
        let product_id = named("product", parse_id)?;
        let product = known
            .products
            .get(&product_id)
            .ok_or_else(|| format!("there is no product {product_id}: `ops product add`"))?;
        let order = ImportedOrder {
            id: named("id", parse_new_id)?,
            merchant,
            account: named("account", parse_account)?,
            product_id,
            quantity: match value("quantity") {
                "" => 1,
                text => text
                    .parse()
                    .ok()
                    .filter(|quantity| *quantity > 0)
                    .ok_or_else(|| format!("quantity {text:?} is no whole number above zero"))?,
            },
            subject: match value("subject") {
                "" => product.name.clone(),
                _ => named("subject", parse_subject)?,
            },
            total_fee: total(value("total"))?,
            created_at: Some(made_at(value("created_at"), known.now)?),
            delivered: match value("delivered") {
                "yes" => true,
                "no" => false,
                other => return Err(format!("delivered {other:?}: yes or no")),
            },
            days: None,
        };
        with_days(order, product)
    }
}

/// The order with the days of its subscription.
pub(crate) fn with_days(order: ImportedOrder, product: &Product) -> Result<ImportedOrder, String> {
    if product.kind != ProductKind::Subscription {
        return Ok(order);
    }
    if !order::names_account(&order.account) && order.delivered {
        return Err(
            "a subscription that is delivered belongs to an account: it has none".to_owned()
        );
    }
    let days = days_of(product, order.quantity)?;
    Ok(ImportedOrder { days: Some(days), ..order })
}

/// The days that so many units of a subscription are, where a column holds them.
pub(crate) fn days_of(product: &Product, quantity: i32) -> Result<i64, String> {
    let days = product.days_of(quantity);
    let fits = i32::try_from(days).is_ok();
    fits.then_some(days).ok_or_else(|| format!("{quantity} units are too many days"))
}

/// An amount above zero.
pub(crate) fn total(text: &str) -> Result<Fen, String> {
    let total = Fen::parse(text).map_err(|error| format!("total {text:?}: {error}"))?;
    if total == Fen::new(0) { Err("the total is zero".to_owned()) } else { Ok(total) }
}

/// A Beijing time or RFC 3339, not in the future and not before Alipay.
pub(crate) fn made_at(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let time = match DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.to_utc(),
        Err(_) => parse_beijing(text).map_err(|_| {
            format!(
                "created_at {text:?}: expected a Beijing time (2026-05-10 10:00:00) or RFC 3339 \
                 (2026-05-10T02:00:00Z)"
            )
        })?,
    };
    if time > now + TimeDelta::minutes(5) {
        return Err(format!("created_at {text} is in the future"));
    }
    // Alipay began in 2004: what is older is a mistake in the file.
    if time.timestamp() < 1_072_886_400 {
        return Err(format!("created_at {text} is before 2004, when Alipay began"));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::{OrderFile, made_at, total};
    use alipay::Fen;

    #[test]
    fn headings() {
        let read =
            |heading: &str| OrderFile::read(heading.as_bytes()).map(|file| file.columns.len());
        assert_eq!(read("id,merchant,product,total,created_at,delivered\n"), Ok(6));
        assert_eq!(read(" total ,id,merchant,product,delivered,created_at,quantity"), Ok(7));
        for (heading, said) in [
            ("", "the file is empty"),
            ("id,merchant,product,total,created_at", "line 1: the column delivered is missing"),
            ("id,id", "line 1: the column id is there twice"),
            ("\n\nid;merchant", "line 3: no column \"id;merchant\": one of id, merchant"),
            ("ID,merchant", "line 1: no column \"ID\""),
        ] {
            let error = OrderFile::read(heading.as_bytes()).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn times_and_totals() {
        let now = "2026-11-29T00:00:00Z".parse().unwrap();
        let noon = made_at("2026-05-10 12:00:00", now);
        assert_eq!(noon, made_at("2026-05-10T04:00:00Z", now));
        assert_eq!(noon, made_at("2026-05-10T12:00:00+08:00", now));
        for bad in [
            "",
            "2026-05-10",
            "2026/05/10 10:00",
            "2026-13-10 10:00:00",
            "7d",
            "45787.5",
            "2026-11-29 09:00:00",
            "1970-01-01 08:00:00",
            "2003-12-31 23:59:59",
        ] {
            assert!(made_at(bad, now).is_err(), "{bad}");
        }
        assert_eq!(total("10"), Ok(Fen::new(1000)));
        for bad in
            ["", "0", "0.00", "-1", "1.234", "1,000.00", "1e3", "￥10", "99999999999999999999"]
        {
            assert!(total(bad).is_err(), "{bad}");
        }
    }
}

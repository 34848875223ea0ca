//! Brings orders of an old system here: all of them or none, and a second time nothing.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Timelike as _, Utc};
use diesel::Connection as _;
use serde::Serialize;
use store::MysqlConnection;
use store::user_order::import::{self, ImportedOrder, KnownOrder};

use crate::failure::Failure;
use crate::operations::rolled_back;
use crate::text::first_of;

/// Orders in one statement.
const CHUNK: usize = 1_000;

/// Problems that are listed; the rest is only counted.
const LISTED: usize = 20;

/// An order with the line of the file that it is on, where it is from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NumberedOrder {
    pub(crate) line: Option<usize>,
    pub(crate) order: ImportedOrder,
}

/// What an import does, or would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ImportCounts {
    /// Orders that were not here.
    pub(crate) imported: usize,
    /// Orders that were here and got their time, or the mark that their goods are delivered.
    pub(crate) corrected: usize,
    /// Orders that are here as the old system knew them.
    pub(crate) unchanged: usize,
}

/// Imports orders in one transaction. `dry`: does all of it and takes it back. `done` is called with the number of
/// orders that were checked.
///
/// # Errors
/// [`Failure::Refused`] names each order that is here already and differs; nothing is written then.
pub(crate) fn import(
    connection: &mut MysqlConnection,
    orders: &[NumberedOrder],
    dry: bool,
    done: impl Fn(u64),
) -> Result<ImportCounts, Failure> {
    let mut sorted: Vec<&NumberedOrder> = orders.iter().collect();
    sorted.sort_by_key(|numbered| numbered.order.id.as_bytes());
    let work = |connection: &mut MysqlConnection| {
        let mut counts = ImportCounts::default();
        let mut problems = BTreeMap::new();
        for chunk in sorted.chunks(CHUNK) {
            import_chunk(connection, chunk, &mut counts, &mut problems)?;
            done(chunk.len() as u64);
        }
        if problems.is_empty() {
            return Ok(counts);
        }
        let problems: Vec<String> = problems.into_values().collect();
        let problems = first_problems(&problems);
        Err(Failure::Refused(format!("nothing was imported\n{problems}")))
    };
    if dry { rolled_back(connection, work) } else { connection.transaction(work) }
}

fn import_chunk(
    connection: &mut MysqlConnection,
    chunk: &[&NumberedOrder],
    counts: &mut ImportCounts,
    problems: &mut BTreeMap<(Option<usize>, String), String>,
) -> Result<(), Failure> {
    let ids: Vec<&str> = chunk.iter().map(|numbered| numbered.order.id.as_str()).collect();
    let known = import::lock_known(connection, &ids)?;
    let known: HashMap<&str, &KnownOrder> =
        known.iter().map(|order| (order.id.as_str(), order)).collect();
    let (mut new, mut correct, mut deliver) = (Vec::new(), Vec::new(), Vec::new());
    for NumberedOrder { line, order } in chunk {
        let Some(here) = known.get(order.id.as_str()) else {
            counts.imported += 1;
            new.push(order);
            deliver.extend(order.delivered.then_some(order));
            continue;
        };
        match compare(order, here) {
            Err(problem) => {
                let at = line.map(|line| format!("line {line}: ")).unwrap_or_default();
                let problem = format!("{at}order {} is here already, and {problem}", order.id);
                problems.insert((*line, order.id.clone()), problem);
            }
            Ok(Correction { time: false, goods: false }) => counts.unchanged += 1,
            Ok(Correction { time, goods }) => {
                counts.corrected += 1;
                correct.extend(time.then_some(order));
                deliver.extend(goods.then_some(order));
            }
        }
    }
    import::insert(connection, &new)?;
    import::correct(connection, &correct)?;
    Ok(import::deliver(connection, &deliver)?)
}

/// What is corrected in an existing order.
struct Correction {
    time: bool,
    goods: bool,
}

/// The error says what cannot be corrected.
fn compare(order: &ImportedOrder, here: &KnownOrder) -> Result<Correction, String> {
    for (name, is, wanted) in [
        ("merchant", &here.merchant, &order.merchant),
        ("product", &here.product_id, &order.product_id),
        ("account", &here.account, &order.account),
        ("quantity", &here.quantity.to_string(), &order.quantity.to_string()),
        ("total", &here.total_fee.to_string(), &order.total_fee.to_string()),
    ] {
        if is != wanted {
            return Err(format!("its {name} is {is:?}, not {wanted:?}"));
        }
    }
    let created_at = here.created_at;
    let wanted = order.created_at.unwrap_or(created_at);
    let (is, made) = (whole_seconds(created_at), whole_seconds(wanted));
    if made > is {
        let [is, made] = [is, made].map(alipay::format_beijing);
        return Err(format!("was made at {is} (Beijing), which is before {made}"));
    }
    let goods = match (order.delivered, here.goods()) {
        (true, None) => true,
        (true, Some((_, true))) | (false, None | Some((_, false))) => false,
        (true, Some((state, false))) => {
            let state = state.as_str();
            return Err(format!("its goods are {state} here: nothing else delivered them"));
        }
        (false, Some((_, true))) => {
            return Err("was imported as delivered: that is not taken back".to_owned());
        }
    };
    Ok(Correction { time: made < is, goods })
}

/// A file has no fractions of seconds.
fn whole_seconds(time: DateTime<Utc>) -> DateTime<Utc> {
    time.with_nanosecond(0).unwrap_or(time)
}

/// The first problems, and how many more there are.
pub(crate) fn first_problems(problems: &[String]) -> String {
    first_of(problems, LISTED, "\n", "")
}

//! Queries the gateway about one order, compares, and sends the answer to the workers if requested.

use std::time::Duration;

use alipay::TradeRef;
use serde::Serialize;
use store::MysqlConnection;

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::await_worker::Applied;
use crate::operations::gateway_answer::{AnswerComparison, Compared, compare, could_not_ask, sent};
use crate::operations::order::find;
use crate::operations::publish::publish_once;

/// How often an order that a worker has locked is looked at again.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// What the gateway answered about an order.
#[derive(Serialize)]
pub(crate) struct Queried {
    pub(crate) order: String,
    pub(crate) merchant: String,
    #[serde(flatten)]
    pub(crate) compared: Compared,
    /// What a worker made of it, where it was sent.
    pub(crate) applied: Option<Applied>,
}

/// Asks and compares; with `apply` an answer that says something new goes to the workers.
pub(crate) fn query(
    access: &Access,
    connection: &mut MysqlConnection,
    order: &str,
    apply: bool,
) -> Result<Queried, Failure> {
    let row = find(connection, order)?;
    let merchant = access.merchant(&row.merchant)?;
    let answered = access.block_on(async {
        let answered = access.gateway().query(merchant, TradeRef::OutTradeNo(order)).await;
        answered.map_err(|error| could_not_ask(&error))
    })?;
    let message = sent(merchant, order, &answered, access.layout().shards)?;
    let mut asked = [(row, answered.answer, message)];
    let mut compared = compare(connection, &access.config, &asked)?;
    for _ in 1..TRIES {
        if compared.iter().all(|one| one.comparison != AnswerComparison::Busy) {
            break;
        }
        std::thread::sleep(PAUSE);
        compared = compare(connection, &access.config, &asked)?;
    }
    let Some(compared) = compared.pop() else {
        return Err(Failure::CouldNotAsk("the answer was not compared".to_owned()));
    };
    let mut applied = None;
    if apply && matches!(compared.comparison, AnswerComparison::News | AnswerComparison::Busy) {
        let [(_, _, message)] = &mut asked;
        message.look_before(connection)?;
        message.write_down(connection)?;
        let messages = vec![message.message.clone()];
        access.block_on(async { publish_once(&access.broker()?, "ops query", messages).await })?;
        applied = Some(message.wait(connection)?);
    }
    Ok(Queried { order: order.to_owned(), merchant: merchant.name.clone(), compared, applied })
}

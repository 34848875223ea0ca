//! The gateway's answer about an order, next to our data.

use alipay::{Fen, QueryAnswer};
use config::Config;
use config::Merchant;
use gateway::{GatewayError, VerifiedAnswer};
use order::{Facts, TradeStatusCode};
use queue::topology::ShardCount;
use serde::Serialize;
use store::user_order::OrderRow;
use store::{BeijingTime, MysqlConnection};
use worker::QueryAnswerMessage;

use crate::failure::Failure;
use crate::operations::await_worker::PreparedMessage;
use crate::operations::dry_run::{DryRunOutcome, DryRunResult, dry_run_answers};
use crate::operations::order::payment;

/// What the gateway says.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GatewayTrade {
    /// Whether it knows the trade.
    pub(crate) exists: bool,
    pub(crate) trade_no: Option<String>,
    pub(crate) trade_status: Option<String>,
    /// Fen.
    pub(crate) total_fee: Option<i64>,
    /// Fen; what was refunded so far, where the answer has it.
    pub(crate) refunded_fee: Option<i64>,
    pub(crate) gmt_create: Option<BeijingTime>,
    pub(crate) gmt_payment: Option<BeijingTime>,
    pub(crate) gmt_close: Option<BeijingTime>,
}

/// Our data.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OrderHere {
    pub(crate) status: i16,
    pub(crate) trade_no: Option<String>,
    pub(crate) trade_status: &'static str,
    /// Fen.
    pub(crate) total_fee: i64,
    /// Fen.
    pub(crate) refunded_fee: i64,
    pub(crate) paid_at: Option<BeijingTime>,
    pub(crate) finished_at: Option<BeijingTime>,
}

/// Whether the two agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerComparison {
    /// The answer contains nothing that is not in our data.
    Same,
    /// Applying the answer changes the order.
    News,
    /// The answer does not agree with the order, and would be refused: another total, another seller.
    Disagrees,
    /// Our data has a trade that the gateway does not know, or a payment.
    UnknownThere,
    /// A worker has the order locked: not compared.
    Busy,
}

/// An answer with what it would do.
#[derive(Debug, Serialize)]
pub(crate) struct Compared {
    pub(crate) comparison: AnswerComparison,
    pub(crate) gateway: GatewayTrade,
    #[serde(rename = "held")]
    pub(crate) here: OrderHere,
    /// What applying the answer would change.
    #[serde(rename = "foreseen")]
    pub(crate) dry_run: Option<DryRunResult>,
}

impl From<&QueryAnswer> for GatewayTrade {
    fn from(answer: &QueryAnswer) -> GatewayTrade {
        let trade = match answer {
            QueryAnswer::Trade(trade) => Some(trade),
            QueryAnswer::NotExist => None,
        };
        let time = |time: Option<chrono::DateTime<chrono::Utc>>| time.map(BeijingTime);
        GatewayTrade {
            exists: trade.is_some(),
            trade_no: trade.map(|trade| trade.trade_no.clone()),
            trade_status: trade.map(|trade| trade.trade_status.as_str().to_owned()),
            total_fee: trade.map(|trade| trade.total.get()),
            refunded_fee: trade.and_then(|trade| trade.refund_fee).map(Fen::get),
            gmt_create: time(trade.and_then(|trade| trade.gmt_create)),
            gmt_payment: time(trade.and_then(|trade| trade.gmt_payment)),
            gmt_close: time(trade.and_then(|trade| trade.gmt_close)),
        }
    }
}

impl From<&OrderRow> for OrderHere {
    fn from(row: &OrderRow) -> OrderHere {
        OrderHere {
            status: row.status,
            trade_no: row.trade_no.clone(),
            trade_status: TradeStatusCode::from_code(row.trade_status)
                .map_or("unknown", TradeStatusCode::as_str),
            total_fee: row.total_fee,
            refunded_fee: row.refunded_fee,
            paid_at: row.paid_dtime,
            finished_at: row.finish_dtime,
        }
    }
}

/// The message that brings an answer to the workers.
pub(crate) fn sent(
    merchant: &Merchant,
    order: &str,
    answered: &VerifiedAnswer,
    shards: ShardCount,
) -> Result<PreparedMessage, Failure> {
    PreparedMessage::answer(QueryAnswerMessage::new(&merchant.name, order, answered), shards)
}

/// Compares answers with their orders by running the worker's own code, rolled back.
pub(crate) fn compare(
    connection: &mut MysqlConnection,
    config: &Config,
    answers: &[(OrderRow, QueryAnswer, PreparedMessage)],
) -> Result<Vec<Compared>, Failure> {
    let messages = answers.iter().map(|(_, _, sent)| &sent.message);
    let mut dry_runs = dry_run_answers(connection, config, messages)?;
    let compared = answers.iter().map(|(row, answer, sent)| {
        let at = dry_runs.iter().position(|one| one.id == sent.message.message_id);
        let dry_run = at.map(|at| dry_runs.swap_remove(at));
        let comparison = match (dry_run.as_ref().map(|one| one.effect.outcome), answer) {
            _ if payment(row).is_some_and(|payment| payment.is_contradicted_by(answer)) => {
                AnswerComparison::UnknownThere
            }
            (_, QueryAnswer::NotExist) if row.trade_no.is_some() => AnswerComparison::UnknownThere,
            (_, QueryAnswer::NotExist) => AnswerComparison::Same,
            (Some(DryRunOutcome::Applied), _) if dry_run.as_ref().is_some_and(is_news) => {
                AnswerComparison::News
            }
            (Some(DryRunOutcome::Locked | DryRunOutcome::NoOrderYet) | None, _) => {
                AnswerComparison::Busy
            }
            (Some(DryRunOutcome::Rejected | DryRunOutcome::DatabaseRefuses), _) => {
                AnswerComparison::Disagrees
            }
            (Some(_), _) => AnswerComparison::Same,
        };
        Compared { comparison, gateway: answer.into(), here: row.into(), dry_run }
    });
    Ok(compared.collect())
}

/// Whether it changes something that a person would call different. An answer always confirms a payment
/// (`confirmed_paid`) and may add a time or a buyer's number that the notification left out.
fn is_news(dry_run: &DryRunResult) -> bool {
    !(dry_run.effect.facts_added.0 - Facts::CONFIRMED_PAID).is_empty()
        || dry_run.effect.changes_in_words().next().is_some()
}

/// A query without an answer: a configuration or a request that cannot be sent is 2, else 3.
pub(crate) fn could_not_ask(error: &GatewayError) -> Failure {
    match error {
        error if error.is_unsent() => Failure::Usage(error.to_string()),
        error => Failure::CouldNotAsk(format!("{}: {error}", error.reason_code())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use alipay::{Protocol, RequestError};
    use gateway::GatewayError;

    use super::could_not_ask;
    use crate::failure::Failure;

    #[test]
    fn what_cannot_be_sent_is_usage_and_what_has_no_answer_is_not() {
        let merchant = || "shop".to_owned();
        let (by, service) = (Protocol::Openapi, "alipay.trade.refund");
        let invalid =
            RequestError::Invalid { parameter: "amount".into(), problem: "is not above zero" };
        for unsent in [
            GatewayError::NoKey { merchant: merchant(), key: "private_key" },
            GatewayError::NotOffered { merchant: merchant(), service, by },
            GatewayError::Request(invalid),
        ] {
            assert!(matches!(could_not_ask(&unsent), Failure::Usage(_)), "{unsent}");
        }
        let silent = GatewayError::Timeout { after: Duration::from_secs(1) };
        assert!(matches!(could_not_ask(&silent), Failure::CouldNotAsk(_)));
    }
}

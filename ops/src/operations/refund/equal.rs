//! A refund of the same amount a moment ago: perhaps the one that is asked for now.

use std::fmt;

use alipay::Fen;
use chrono::{TimeDelta, Utc};
use order::refund::is_made;
use store::refund::RefundLine;
use store::refund_request::{self, RefundRequestLine};
use store::{BeijingTime, MysqlConnection, StoreError};

/// Two refunds of one amount that are nearer than this may be one that was asked for twice, in seconds.
const NEAR: i32 = 10 * 60;

/// A refund that is equal in order, trade and amount.
#[derive(Debug)]
pub(crate) enum Equal {
    /// Asked for here, for another reason.
    AskedHere(Box<RefundRequestLine>),
    /// Made at Alipay without us.
    MadeThere { amount: Fen, request_no: String, at: BeijingTime },
}

/// The latest refund of this amount within the last minutes, other than the request `but`.
pub(crate) fn equal(
    connection: &mut MysqlConnection,
    order: &str,
    trade_no: &str,
    amount: Fen,
    lines: &[RefundLine],
    but: Option<&str>,
) -> Result<Option<Equal>, StoreError> {
    let requests = refund_request::equal(connection, order, trade_no, amount.get(), NEAR)?;
    if let Some(found) = requests.into_iter().find(|it| Some(it.request_no.as_str()) != but) {
        return Ok(Some(Equal::AskedHere(Box::new(found))));
    }
    let ours = refund_request::of_order(connection, order)?;
    let since = Utc::now() - TimeDelta::seconds(i64::from(NEAR));
    let there = lines.iter().rev().find_map(|line| {
        let same = line.trade_no == trade_no
            && line.amount == Some(amount.get())
            && is_made(line.result.as_deref())
            && ours.iter().all(|request| request.request_no != line.request_no);
        let at = line.gmt_refund.filter(|at| at.0 > since)?;
        same.then(|| Equal::MadeThere { amount, request_no: line.request_no.clone(), at })
    });
    Ok(there)
}

impl fmt::Display for Equal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Equal::AskedHere(line) => {
                let amount = Fen::new(line.amount);
                let (by, number, state) = (&line.asked_by, &line.request_no, &line.state);
                let at = line.ended_at.or(line.asked_at).unwrap_or(line.created_at);
                let reason = &line.reason;
                write!(
                    f,
                    "{amount} yuan were asked for at {at} by {by} as {number} ({state}, reason: {reason})"
                )
            }
            Equal::MadeThere { amount, request_no, at } => {
                write!(f, "{amount} yuan were refunded at Alipay at {at} as {request_no}")
            }
        }
    }
}

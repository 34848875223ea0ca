//! `ops close`

use alipay::{AnswerError, CloseAnswer, TradeRef};
use clap::Args;
use gateway::{Gateway, GatewayError};
use order::{OrderStatus, TradeStatusCode};
use serde::Serialize;
use store::{BeijingTime, user_order};

use crate::context::Context;
use crate::failure::Failure;
use crate::operations::gateway_answer::could_not_ask;
use crate::operations::order::status_name::status_name;
use crate::operations::refund::ask_workers::ask_workers;

/// Close an unpaid order at Alipay, so that it can no longer be paid
///
/// Calls close_trade or alipay.trade.close, and has workers ask the gateway what became of it; the order
/// itself is closed when they hear so. An order that is paid or over is a no (1), here or at Alipay. So is a
/// trade that Alipay does not know: the buyer has not begun, and may still pay with a page that is open. For an
/// order that is closed already nothing is sent, and it ends with 0.
///
/// Ends with 3 when the gateway could not be asked: the trade may be closed or not, so repeat it.
///
/// Example: ops close A-1001
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Close {
    /// The order (out_trade_no)
    order: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    order: &'a str,
    merchant: &'a str,
    /// `closed`, `already_closed`, `not_exist` or `refused`.
    answer: &'static str,
    /// When Alipay closed it, of one that is closed already.
    closed_at: Option<BeijingTime>,
    error: Option<String>,
}

impl Close {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let Some(row) = user_order::find(&mut connection, &self.order)? else {
            return Err(Failure::Refused(format!("there is no order {}", self.order)));
        };
        let order = &row.id;
        if row.status == OrderStatus::Closed.code() && row.is_finish && row.paid_dtime.is_none() {
            let answer = Answer {
                order,
                merchant: &row.merchant,
                answer: "already_closed",
                closed_at: row.finish_dtime,
                error: None,
            };
            return context.output.print(&answer, || answer.text());
        }
        if row.status != OrderStatus::Placed.code()
            || row.trade_status == TradeStatusCode::TradePending.code()
        {
            let word = match row.status {
                0 => "paid, and Alipay holds the money",
                status => status_name(status),
            };
            return Err(Failure::Refused(format!(
                "order {order} is {word}: only an unpaid one is closed"
            )));
        }
        let merchant = context.merchant(&row.merchant)?;
        Gateway::can_ask(merchant).map_err(|error| could_not_ask(&error))?;
        let closed = context.block_on(async {
            let gateway = Gateway::new(context.gateway_timeout());
            Ok(gateway.close(merchant, TradeRef::OutTradeNo(order)).await)
        })?;
        let (answer, error) = match closed {
            Ok(CloseAnswer::Closed) => ("closed", None),
            Ok(CloseAnswer::NotExist) => ("not_exist", None),
            Err(error) if is_about_the_trade(&error) => ("refused", Some(error.to_string())),
            Err(error) => return Err(could_not_ask(&error)),
        };
        let answer = Answer { order, merchant: &merchant.name, answer, closed_at: None, error };
        context.output.print(&answer, || answer.text())?;
        ask_workers(context, &merchant.name, order)?;
        match answer.answer {
            "closed" => Ok(()),
            "not_exist" => Err(Failure::Refused("Alipay knows no such trade".to_owned())),
            _ => Err(Failure::Refused(
                "Alipay did not close it: is it paid? Or was it closed a moment ago? Workers ask; see `ops order show`"
                    .to_owned(),
            )),
        }
    }
}

impl Answer<'_> {
    fn text(&self) -> String {
        let order = self.order;
        match (self.answer, &self.error) {
            ("already_closed", _) => {
                let at = self.closed_at.map(|at| format!(" at {at}")).unwrap_or_default();
                format!("order {order} was closed{at} without payment; nothing was sent")
            }
            ("closed", _) => format!("order {order}: closed at Alipay, it can no longer be paid"),
            (_, Some(error)) => format!("order {order}: {error}"),
            _ => format!(
                "order {order}: Alipay knows no such trade. The buyer has not begun to pay, and may still pay \
                 with a page or a code that is open: the order is not dead"
            ),
        }
    }
}

/// Whether Alipay refuses because of the trade's state; other refusals are about the request.
fn is_about_the_trade(error: &GatewayError) -> bool {
    matches!(
        error,
        GatewayError::Answer(AnswerError::Refused { code, .. })
            if code.contains("STATUS") || code.starts_with("ACQ.TRADE_HAS")
    )
}

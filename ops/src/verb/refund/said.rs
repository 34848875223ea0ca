//! What is printed of a refund.

use alipay::Fen;
use serde::Serialize;
use store::refund_request::RefundRequest;

use crate::output::plain;

/// A refund, as it stands after the command.
#[derive(Serialize)]
pub(super) struct Said<'a> {
    order: &'a str,
    merchant: &'a str,
    trade_no: &'a str,
    request_no: &'a str,
    /// Fen.
    amount: i64,
    reason: &'a str,
    /// Who asked first.
    asked_by: &'a str,
    state: &'static str,
    error: Option<&'a str>,
    /// Fen: all refunds of the trade with this one, where Alipay said so.
    refunded_fee: Option<i64>,
    /// For the person who types the password.
    link: Option<String>,
}

impl<'a> Said<'a> {
    pub(super) fn of(request: &'a RefundRequest, link: Option<String>) -> Said<'a> {
        Said {
            order: &request.order_id,
            merchant: &request.merchant,
            trade_no: &request.trade_no,
            request_no: &request.request_no,
            amount: request.amount.get(),
            reason: &request.reason,
            asked_by: &request.asked_by,
            state: request.state.as_str(),
            error: request.error.as_deref(),
            refunded_fee: request.running_total.map(Fen::get),
            link,
        }
    }

    pub(super) fn text(&self) -> String {
        let amount = Fen::new(self.amount);
        let mut lines = vec![plain(&format!(
            "refund of {amount} yuan of order {} (trade {}): {}",
            self.order, self.trade_no, self.state
        ))];
        lines
            .push(plain(&format!("request {}, first asked by {}", self.request_no, self.asked_by)));
        lines.extend(self.error.map(plain));
        if let Some(refunded) = self.refunded_fee {
            lines.push(format!("Alipay has refunded {} yuan of this trade", Fen::new(refunded)));
        }
        if let Some(link) = &self.link {
            lines.push(
                "Open the link and type the payment password, today in Beijing; the result comes by \
                 notification:"
                    .to_owned(),
            );
            lines.push(link.clone());
        }
        lines.join("\n")
    }
}

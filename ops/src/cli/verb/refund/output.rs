//! What is printed of a refund.

use alipay::{Fen, Protocol};
use order::RefundRequestState;
use serde::Serialize;
use store::MysqlConnection;
use store::refund_request::RefundRequest;

use super::needs_again;
use crate::cli::context::Context;
use crate::cli::output::plain;
use crate::failure::Failure;
use crate::operations::refund::Refunded;
use crate::operations::refund::books::RefundTotals;
use crate::operations::refund::find_or_create::{PriorRefund, RefundCommand, rehearse};
use crate::operations::refund::not_recorded::NotRecorded;

/// A refund, as it stands after the command.
#[derive(Serialize)]
pub(super) struct RefundOutput<'a> {
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
    /// Fen: all refunds of the trade with this one, where Alipay's answer has it.
    refunded_fee: Option<i64>,
    /// The same refund was asked for before.
    repeated: bool,
    /// Alipay had refunded it before this command.
    #[serde(skip)]
    was_made: bool,
    /// The payment was rejected: no order has its trade.
    of_rejected: bool,
    /// Nothing is written down, and nothing was sent.
    dry_run: bool,
    #[serde(flatten)]
    books: &'a RefundTotals,
    /// For the person who types the password.
    link: Option<String>,
}

impl<'a> RefundOutput<'a> {
    pub(super) fn of(
        request: &'a RefundRequest,
        books: &'a RefundTotals,
        before: PriorRefund,
        link: Option<String>,
    ) -> RefundOutput<'a> {
        RefundOutput {
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
            repeated: before != PriorRefund::Nothing,
            was_made: before == PriorRefund::Made,
            of_rejected: request.of_rejected,
            dry_run: false,
            books,
            link,
        }
    }

    pub(super) fn text(&self) -> String {
        let amount = Fen::new(self.amount);
        let (order, trade, number, by) =
            (self.order, self.trade_no, self.request_no, self.asked_by);
        let mut lines = if self.was_made {
            let at = self.books.at();
            vec![plain(&format!(
                "already refunded{at} by {by}: {amount} yuan of order {order} (trade {trade}), request {number}. \
                 Nothing was sent."
            ))]
        } else {
            let first = if self.repeated { "first asked by" } else { "asked by" };
            let state = self.state;
            vec![
                plain(&format!(
                    "refund of {amount} yuan of order {order} (trade {trade}): {state}"
                )),
                plain(&format!("request {number}, {first} {by}")),
            ]
        };
        lines.extend(self.error.map(plain));
        if self.of_rejected {
            lines.push(NO_ORDER.to_owned());
        }
        lines.extend(in_all(self.books));
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

/// Prints what became of a refund.
pub(super) fn print(context: &Context, refunded: Refunded) -> Result<(), Failure> {
    let Refunded { request, books, before, link, ended } = refunded;
    let said = RefundOutput::of(&request, &books, before, link);
    context.output.print(&said, || said.text())?;
    ended
}

/// What a refund of a rejected payment means for the order that it names.
const NO_ORDER: &str = "the payment was rejected, so the order stays as it is; once Alipay has refunded it, its dead \
                        letter can be discarded (ops dlq discard --settled)";

/// All refunds of the trade together.
fn in_all(books: &RefundTotals) -> Option<String> {
    let (all, total) = (Fen::new(books.refunded_in_all), Fen::new(books.order_total));
    (books.refunded_in_all > 0).then(|| format!("in all, {all} of {total} yuan are refunded"))
}

/// Says what the command would do, without doing it.
pub(super) fn foretell(
    context: &Context,
    connection: &mut MysqlConnection,
    command: &RefundCommand<'_>,
) -> Result<(), Failure> {
    let agreed = match rehearse(connection, command) {
        Ok(agreed) => agreed,
        Err(NotRecorded::Failed(failure)) => return Err(failure),
        Err(NotRecorded::Equal(equal)) => {
            return Err(Failure::Refused(needs_again(command.order, &equal.to_string())));
        }
    };
    let request = &agreed.request;
    let books = RefundTotals::read(connection, request, command.rejected)?;
    let said =
        RefundOutput { dry_run: true, ..RefundOutput::of(request, &books, agreed.before(), None) };
    context.output.print(&said, || {
        let (amount, order, trade) = (request.amount, command.order, &request.trade_no);
        let (number, by, at) = (&request.request_no, &request.asked_by, books.at());
        let would = match (request.state, agreed.is_repeat, command.merchant.protocol) {
            (RefundRequestState::Accepted, ..) => format!(
                "nothing would be sent: {amount} yuan of order {order} are refunded already{at}, asked for by \
                 {by} as {number}"
            ),
            (_, true, _) => format!(
                "the refund of {amount} yuan of order {order} that {by} asked for would be asked for again as \
                 {number}: it is the same refund"
            ),
            (_, false, Protocol::Openapi) => {
                format!("{amount} yuan of order {order} (trade {trade}) would be refunded")
            }
            (_, false, Protocol::Mapi) => format!(
                "a link would be printed to refund {amount} yuan of order {order} (trade {trade})"
            ),
        };
        let mut lines = vec![plain(&would)];
        if request.of_rejected {
            lines.push(NO_ORDER.to_owned());
        }
        lines.extend(in_all(&books));
        lines.push("dry run: nothing was written down, nothing was sent".to_owned());
        lines.join("\n")
    })
}

//! What is printed of a refund, for a person.

use alipay::{Fen, Protocol};

use crate::cli::output::plain;
use crate::operations::refund::Refunded;

/// What a refund of a rejected payment means for the order that it names.
const NO_ORDER: &str = "the payment was rejected, so the order stays as it is; once Alipay has refunded it, its dead \
                        letter can be discarded (ops dlq discard --settled)";

/// A refund, as it stands after the command, or what the command would do.
pub(super) fn text(refunded: &Refunded) -> String {
    if refunded.dry_run {
        return dry_run_text(refunded);
    }
    let Refunded { order, trade_no: trade, request_no: number, asked_by: by, .. } = refunded;
    let (amount, state) = (refunded.amount, refunded.state);
    let mut lines = if refunded.was_made {
        let at = refunded.totals.at();
        vec![plain(&format!(
            "already refunded{at} by {by}: {amount} yuan of order {order} (trade {trade}), request {number}. \
             Nothing was sent."
        ))]
    } else {
        let first = if refunded.repeated { "first asked by" } else { "asked by" };
        vec![
            plain(&format!("refund of {amount} yuan of order {order} (trade {trade}): {state}")),
            plain(&format!("request {number}, {first} {by}")),
        ]
    };
    lines.extend(refunded.error.as_deref().map(plain));
    lines.extend(of_the_trade(refunded));
    if let Some(link) = &refunded.link {
        lines.push(
            "Open the link and type the payment password, today in Beijing; the result comes by \
             notification:"
                .to_owned(),
        );
        lines.push(link.clone());
    }
    lines.join("\n")
}

fn dry_run_text(refunded: &Refunded) -> String {
    let Refunded { order, trade_no: trade, request_no: number, asked_by: by, .. } = refunded;
    let (amount, at) = (refunded.amount, refunded.totals.at());
    let would = match (refunded.was_made, refunded.repeated, refunded.protocol) {
        (true, ..) => format!(
            "nothing would be sent: {amount} yuan of order {order} are refunded already{at}, asked for by \
             {by} as {number}"
        ),
        (false, true, _) => format!(
            "the refund of {amount} yuan of order {order} that {by} asked for would be asked for again as \
             {number}: it is the same refund"
        ),
        (false, false, Protocol::Openapi) => {
            format!("{amount} yuan of order {order} (trade {trade}) would be refunded")
        }
        (false, false, Protocol::Mapi) => {
            format!(
                "a link would be printed to refund {amount} yuan of order {order} (trade {trade})"
            )
        }
    };
    let mut lines = vec![plain(&would)];
    lines.extend(of_the_trade(refunded));
    lines.push("dry run: nothing was written down, nothing was sent".to_owned());
    lines.join("\n")
}

/// What it means for the order, and all refunds of the trade together.
fn of_the_trade(refunded: &Refunded) -> impl Iterator<Item = String> {
    let no_order = refunded.of_rejected.then(|| NO_ORDER.to_owned());
    let totals = &refunded.totals;
    let (all, total) = (Fen::new(totals.refunded_in_all), Fen::new(totals.order_total));
    let in_all =
        (totals.refunded_in_all > 0).then(|| format!("in all, {all} of {total} yuan are refunded"));
    no_order.into_iter().chain(in_all)
}

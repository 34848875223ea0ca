//! `ops refund`

mod output;

use alipay::Fen;
use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::cli::question::asked;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::order::parse_amount;
use crate::operations::pay_link::browser::parse_url;
use crate::operations::refund::refund_once::{WantedRefund, refund};

/// Refund an order, only once however often the command is repeated
///
/// Each refund has a request number, which is recorded before Alipay is called, and Alipay refunds each number
/// only once. The same order, amount (or --all) and reason mean the same refund: a repeat, even by somebody else
/// at the same time, finds the number and at most queries the result again. So after a crash or a timeout, repeat
/// the same command. If Alipay has already refunded it, it says when and who asked for it, sends nothing, and
/// exits with 0.
///
/// Another reason means another refund. If the same amount was refunded or requested within the last 10 minutes,
/// it asks for confirmation on a terminal; elsewhere it exits with 1 unless --again is given. A second refund of
/// the same amount for the same reason needs its own --request-no; then it does not ask.
///
/// --dry-run says what would happen; it writes and sends nothing.
///
/// Open Platform: calls alipay.trade.refund, at least 3 s after any other refund of the trade, and sends Alipay's
/// answer to the workers. Legacy gateway: prints a link (refund_fastpay_by_platform_pwd) for the person who has
/// the payment password, valid until midnight in Beijing; the same command prints the same batch again.
///
/// A rejected payment (another amount, an unknown order, an old trade: a dead letter) belongs to no order. With
/// --trade-no it can still be refunded, with the amounts of its letter and the same protection. The order that it
/// names stays as it is, and the notification of the refund becomes no dead letter. ORDER can then be left out.
///
/// The order itself changes only with Alipay's messages. Exits with 0 if Alipay has refunded it (or the link is
/// printed), 1 if it is refused, not paid, or more than what is left, 3 if the result is not known: then repeat it.
/// `ops refund-requests` lists all requests, also those of workers for late payments.
///
/// Example: ops refund A-1001 --amount 1.00 --reason "one of two was broken"
/// Example: ops refund A-1001 --all --reason "changed their mind" --by ann
/// Example: ops refund --trade-no 2026112922001400001234567890 --all --reason "paid a wrong amount" --dry-run
#[derive(Args)]
#[command(verbatim_doc_comment)]
#[command(group = clap::ArgGroup::new("how_much").required(true).args(["amount", "all"]))]
pub(crate) struct RefundArgs {
    /// The order (out_trade_no)
    #[arg(required_unless_present = "trade_no")]
    order: Option<String>,
    /// The amount to refund, in yuan
    #[arg(long, value_name = "YUAN", value_parser = parse_amount)]
    amount: Option<Fen>,
    /// Refund all that is left
    #[arg(long)]
    all: bool,
    /// The reason; the buyer may read it
    #[arg(long, value_name = "TEXT", value_parser = parse_reason)]
    reason: String,
    /// Make another refund, although an equal one was made or requested within the last 10 minutes
    #[arg(long)]
    again: bool,
    /// Only print what would be done
    #[arg(long)]
    dry_run: bool,
    /// Your own request number, 3 to 24 letters and digits: for a second refund equal to an earlier one
    #[arg(long, value_name = "NUMBER", value_parser = parse_request_no)]
    request_no: Option<String>,
    /// The trade, if several trades paid, or that of a rejected payment
    #[arg(long, value_name = "TRADE_NO")]
    trade_no: Option<String>,
    /// The URL to which the legacy gateway sends the result; without a query string
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    notify_url: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

impl RefundArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let by = self.operator.name()?;
        let wanted = WantedRefund {
            order: self.order.as_deref(),
            trade_no: self.trade_no.as_deref(),
            amount: self.amount,
            reason: &self.reason,
            request_no: self.request_no.as_deref(),
            notify_url: self.notify_url.as_deref(),
            by,
            again: self.again,
            dry_run: self.dry_run,
        };
        let subject = self.order.as_deref().or(self.trade_no.as_deref()).unwrap_or_default();
        let act = Act::new(Actor::of_verb(Some(by)), OperatorAction::RequestRefund, subject)
            .because(&self.reason);
        let refunded = context.recorded_unless(self.dry_run, &act, |change| {
            let refunded = refund(context, &mut *context.database()?, &wanted, |order, equal| {
                asked(&format!("{equal} of order {order}. Refund the same amount once more?"))
            })?;
            change.to(json!({
                "trade_no": refunded.trade_no,
                "request_no": refunded.request_no,
                "amount": refunded.amount.get(),
                "state": refunded.state,
            }));
            change.ended(&refunded.ended);
            Ok(refunded)
        })?;
        context.output.print(&refunded, || output::text(&refunded))?;
        refunded.ended
    }
}

fn parse_reason(text: &str) -> Result<String, String> {
    let reason = text.trim();
    if reason.is_empty() || reason.len() > 256 || reason.chars().any(char::is_control) {
        return Err("expected 1 to 256 bytes without control characters".to_owned());
    }
    Ok(reason.to_owned())
}

/// 32: the 8 digits of the day may stand before the number, as the legacy gateway shows it.
fn parse_request_no(text: &str) -> Result<String, String> {
    let fits = (3..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        Ok(text.to_owned())
    } else {
        Err("expected 3 to 24 letters and digits, or 32 with the day before them".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_amount, parse_reason, parse_request_no};

    #[test]
    fn amounts_reasons_and_numbers() {
        assert_eq!(parse_amount("1.5").unwrap().get(), 150);
        for bad in ["0", "0.00", "-1", "1.234", "", "1e2"] {
            assert!(parse_amount(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_reason(" broken ").unwrap(), "broken");
        for bad in ["", "  ", "a\nb", &"x".repeat(257)] {
            assert!(parse_reason(bad).is_err(), "{bad}");
        }
        assert!(parse_request_no("R2").is_err() && parse_request_no("R-22").is_err());
        assert!(parse_request_no("R22").is_ok());
    }
}

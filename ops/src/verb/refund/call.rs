//! The Open Platform: `alipay.trade.refund`, and what its answers mean.

use std::time::Duration;

use alipay::{AnswerError, Fen, TradeRef, TradeRefund};
use diesel::mysql::MysqlConnection;
use gateway::{Gateway, GatewayError};
use service::config::Merchant;
use store::refund_request::{self, RefundRequest, RefundRequestState};

use super::agreed::Agreed;
use super::ask_workers::ask_workers;
use super::said::Said;
use crate::context::Context;
use crate::failure::Failure;

/// Why nothing is known while a call is under way, and after a crash in it.
const NO_ANSWER_YET: &str = "no_answer_yet: the call was begun and nobody has noted its end";

/// Alipay took a request and moved nothing, and does not say that it was done before.
const NOT_MOVED: &str = "not_moved: Alipay took the request, and does not say that money has moved";

/// What became of a call.
struct Became {
    state: RefundRequestState,
    error: Option<String>,
    running_total: Option<Fen>,
}

/// Calls Alipay in the request's turn, writes down what became of it, and prints it.
pub(super) fn call(
    context: &Context,
    connection: &mut MysqlConnection,
    merchant: &Merchant,
    agreed: Agreed,
) -> Result<(), Failure> {
    std::thread::sleep(Duration::from_micros(agreed.wait));
    // Somebody else may have asked meanwhile.
    let mut request = read_again(connection, &agreed.request)?;
    if request.state != RefundRequestState::Accepted {
        let was = request.state;
        // Before the call: whatever ends this program from here on, nobody knows what became of it.
        let state = RefundRequestState::Unknown;
        refund_request::note(connection, &request.request_no, state, Some(NO_ANSWER_YET), None)?;
        let became = context.block_on(async {
            Ok(ask(&Gateway::new(context.gateway_timeout()), merchant, &request, was).await)
        })?;
        let Became { state, error, running_total } = became;
        refund_request::note(
            connection,
            &request.request_no,
            state,
            error.as_deref(),
            running_total,
        )?;
        request = read_again(connection, &request)?;
    }
    let said = Said::of(&request, None);
    context.output.print(&said, || said.text())?;
    let why = request.error.as_deref().unwrap_or(NO_ANSWER_YET);
    match request.state {
        RefundRequestState::Accepted => ask_workers(context, &merchant.name, &request.order_id),
        RefundRequestState::Refused => Err(Failure::No(format!("not refunded: {why}"))),
        RefundRequestState::Asked | RefundRequestState::Unknown => {
            Err(Failure::CouldNotAsk(format!(
                "it is not known what became of the refund: {why}\nRepeat the same command: it is the same \
                 refund."
            )))
        }
    }
}

fn read_again(
    connection: &mut MysqlConnection,
    request: &RefundRequest,
) -> Result<RefundRequest, Failure> {
    let mut requests = refund_request::of_order(connection, &request.order_id)?.into_iter();
    requests
        .find(|other| other.request_no == request.request_no)
        .ok_or_else(|| Failure::No(format!("request {} has vanished", request.request_no)))
}

/// Asks for the refund, and where the answer leaves it open, what became of it.
async fn ask(
    gateway: &Gateway,
    merchant: &Merchant,
    request: &RefundRequest,
    was: RefundRequestState,
) -> Became {
    let which = TradeRef::TradeNo(&request.trade_no);
    let refund = TradeRefund {
        which,
        amount: request.amount,
        out_request_no: &request.request_no,
        reason: &request.reason,
    };
    let became = |state, error, running_total| Became { state, error, running_total };
    // What it is when Alipay does not know of the refund, why, and the running total.
    let (otherwise, why, running_total) = match gateway.refund(merchant, &refund).await {
        Ok(answer) if answer.moved => {
            return became(RefundRequestState::Accepted, None, answer.refunded);
        }
        // Carried out before, or on its way.
        Ok(answer) => (RefundRequestState::Unknown, NOT_MOVED.to_owned(), answer.refunded),
        Err(error) => {
            let why = format!("{}: {error}", error.reason_code());
            // An earlier call may have been carried out, whatever became of this one.
            let is_first = was != RefundRequestState::Unknown;
            if is_first && (error.is_unsent() || is_final(&error)) {
                return became(RefundRequestState::Refused, Some(why), None);
            }
            if !is_final(&error) {
                return became(RefundRequestState::Unknown, Some(why), None);
            }
            (RefundRequestState::Refused, why, None)
        }
    };
    match gateway.refund_query(merchant, which, &request.request_no).await {
        Ok(answer) if answer.succeeded(&request.request_no, request.amount) => {
            became(RefundRequestState::Accepted, None, running_total)
        }
        // Alipay knows of it, and not that it is done.
        Ok(answer) if answer.refund_status.is_some() || answer.refund_amount.is_some() => {
            became(RefundRequestState::Unknown, Some(why), None)
        }
        Ok(_) => became(otherwise, Some(why), None),
        Err(_) => became(RefundRequestState::Unknown, Some(why), None),
    }
}

/// Whether Alipay has refused, and not only failed.
fn is_final(error: &GatewayError) -> bool {
    matches!(error, GatewayError::Answer(AnswerError::Refused { .. })) && !error.is_transient()
}

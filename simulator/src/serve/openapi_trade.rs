//! The Open Platform's methods about a trade. (docs/protocol.md §12)

use alipay::Fen;
use serde_json::json;

use super::json::Node;
use super::openapi::OpenapiCall;
use super::step::StepError;
use super::trade_store::TradeSelector;
use crate::mapi::seconds;
use crate::openapi::masked;
use crate::{AlipayTrade, Status, TradeError};

/// `alipay.trade.query`: not whether and how much was refunded.
pub(super) fn query(call: &OpenapiCall<'_>) -> Node {
    match find(call) {
        Ok(trade) => told(&trade),
        Err(Missing::Trade(node)) => node
            // Alipay fills the amounts with zero where there is no trade.
            .with("buyer_pay_amount", "0.00")
            .with("invoice_amount", "0.00")
            .with_some("out_trade_no", call.text("out_trade_no"))
            .with("point_amount", "0.00")
            .with("receipt_amount", "0.00")
            .with_some("trade_no", call.text("trade_no")),
        Err(Missing::Other(node)) => node,
    }
}

fn told(trade: &AlipayTrade) -> Node {
    let paid = if trade.gmt_payment.is_some() { trade.total } else { Fen::new(0) }.to_string();
    let funds = json!([{ "amount": paid, "fund_channel": "ALIPAYACCOUNT" }]);
    Node::success()
        .with("buyer_logon_id", masked(&trade.buyer.account))
        .with("buyer_pay_amount", &paid)
        .with("buyer_user_id", &trade.buyer.id)
        .with_some("fund_bill_list", trade.gmt_payment.map(|_| funds))
        .with("invoice_amount", &paid)
        .with("out_trade_no", &trade.out_trade_no)
        .with("point_amount", "0.00")
        .with("receipt_amount", &paid)
        .with_some("send_pay_date", trade.gmt_payment.map(seconds))
        .with("subject", &trade.subject)
        .with("total_amount", trade.total.to_string())
        .with("trade_no", &trade.trade_no)
        .with("trade_status", trade.status.name())
}

/// `alipay.trade.close`: only an unpaid trade.
pub(super) fn close(call: &OpenapiCall<'_>) -> Node {
    let trade = match find(call) {
        Ok(trade) => trade,
        Err(missing) => return missing.node(),
    };
    let closed = call.alipay.step(&trade.trade_no, None, |trade, at| Ok(vec![trade.close(at)?]));
    match closed {
        Ok(_) => Node::success()
            .with("out_trade_no", &trade.out_trade_no)
            .with("trade_no", &trade.trade_no),
        Err(StepError::Trade(_)) => Node::failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
        Err(StepError::NotFound | StepError::File(_)) => system_error(),
    }
}

/// `alipay.trade.refund`: once for a request number, however often it is asked for.
pub(super) fn refund(call: &OpenapiCall<'_>) -> Node {
    let trade = match find(call) {
        Ok(trade) => trade,
        Err(missing) => return missing.node(),
    };
    let Ok(Some(amount)) = call.yuan("refund_amount") else { return invalid() };
    if amount <= Fen::new(0) {
        return invalid();
    }
    let number = call.text("out_request_no");
    if number.is_none() && amount != trade.total {
        let text = "部分退款必须传 out_request_no，否则退款金额需等于交易金额";
        return Node::failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", text);
    }
    // A refund in full without a number goes by the order's.
    let own = number.unwrap_or(&trade.out_trade_no);
    let mut repeated = None;
    let refunded = call.alipay.step(&trade.trade_no, None, |trade, at| {
        if let Some(refund) = trade.refund_of(own) {
            repeated = Some(refund.amount);
            return Ok(Vec::new());
        }
        Ok(vec![trade.refund(amount, number, at)?.sync])
    });
    match (refunded, repeated) {
        (Ok(_), Some(before)) if before != amount => {
            Node::failed("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
        }
        (Ok(found), repeated) => refund_told(&found.kept.trade, own, repeated.is_none()),
        (Err(StepError::Trade(error)), _) => match error {
            TradeError::RefundAmount { .. } => {
                Node::failed("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效")
            }
            TradeError::NotNow { status: Status::TradeFinished, .. } => {
                Node::failed("ACQ.TRADE_HAS_FINISHED", "交易已完结")
            }
            TradeError::NotNow { status: Status::TradeClosed, .. } => {
                Node::failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
            }
            TradeError::NotNow { .. } | TradeError::TooLate { .. } => {
                Node::failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
            }
        },
        (Err(StepError::NotFound | StepError::File(_)), _) => system_error(),
    }
}

/// The answer to a refund: `refund_fee` is the running total, `send_back_fee` what this refund gave
/// back, and only `fund_change` Y says that this call moved money.
fn refund_told(trade: &AlipayTrade, request_no: &str, changed: bool) -> Node {
    let refund = trade.refund_of(request_no);
    let amount = refund.map(|refund| refund.amount.to_string());
    let items =
        amount.as_ref().map(|it| json!([{ "amount": it, "fund_channel": "ALIPAYACCOUNT" }]));
    Node::success()
        .with("buyer_logon_id", masked(&trade.buyer.account))
        .with("buyer_user_id", &trade.buyer.id)
        .with("fund_change", if changed { "Y" } else { "N" })
        .with_some("gmt_refund_pay", refund.map(|refund| seconds(refund.gmt_refund)))
        .with("out_trade_no", &trade.out_trade_no)
        .with_some("refund_detail_item_list", items)
        .with("refund_fee", trade.refunded().to_string())
        .with_some("send_back_fee", amount)
        .with("trade_no", &trade.trade_no)
}

/// `alipay.trade.fastpay.refund.query`: a number that nobody knows is answered 10000 without
/// amounts.
pub(super) fn refund_query(call: &OpenapiCall<'_>) -> Node {
    let trade = match find(call) {
        Ok(trade) => trade,
        Err(missing) => return missing.node(),
    };
    let Some(number) = call.text("out_request_no") else { return invalid() };
    let node = Node::success();
    let Some(refund) = trade.refund_of(number) else { return node };
    node.with("gmt_refund_pay", seconds(refund.gmt_refund))
        .with("out_request_no", number)
        .with("out_trade_no", &trade.out_trade_no)
        .with("refund_amount", refund.amount.to_string())
        .with("refund_status", "REFUND_SUCCESS")
        .with("total_amount", trade.total.to_string())
        .with("trade_no", &trade.trade_no)
}

/// Why there is no trade to speak of.
enum Missing {
    Trade(Node),
    Other(Node),
}

impl Missing {
    fn node(self) -> Node {
        match self {
            Missing::Trade(node) | Missing::Other(node) => node,
        }
    }
}

fn find(call: &OpenapiCall<'_>) -> Result<AlipayTrade, Missing> {
    let which =
        TradeSelector { out_trade_no: call.text("out_trade_no"), trade_no: call.text("trade_no") };
    if which.out_trade_no.is_none() && which.trade_no.is_none() {
        return Err(Missing::Other(invalid()));
    }
    let find = |trades: &_| which.find(trades, &call.account.name).map(|kept| kept.trade.clone());
    match call.alipay.trade_store.read(find) {
        Ok(Some(trade)) => Ok(trade),
        Ok(None) => Err(Missing::Trade(Node::failed("ACQ.TRADE_NOT_EXIST", "交易不存在"))),
        Err(_) => Err(Missing::Other(system_error())),
    }
}

fn invalid() -> Node {
    Node::failed("ACQ.INVALID_PARAMETER", "参数无效")
}

fn system_error() -> Node {
    Node::failed("ACQ.SYSTEM_ERROR", "系统错误")
}

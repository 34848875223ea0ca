//! From a path to what answers it.

use hyper::Method;

use super::answer::Answer;
use super::request::Asked;
use super::{Alipay, cashier, gateway, mapi_refund, trade_pages};

/// Answers a request. The gateway takes GET and POST alike; pages are read with GET and change
/// something with POST.
pub(super) fn answer(alipay: &Alipay, asked: &Asked) -> Answer {
    if asked.path == gateway::PATH {
        return gateway::answer(alipay, asked);
    }
    let parts: Vec<&str> = asked.path.split('/').skip(1).collect();
    let get = asked.method == Method::GET;
    match (parts.as_slice(), get) {
        ([""], true) => trade_pages::list(alipay),
        (["cashier", trade_no], true) => cashier::page(alipay, trade_no),
        (["cashier", trade_no, "pay"], false) => cashier::pay(alipay, asked, trade_no),
        (["cashier", trade_no, "leave"], false) => cashier::leave(alipay, trade_no),
        (["trades", trade_no], true) => trade_pages::one(alipay, trade_no),
        (["trades", trade_no, step], false) => trade_pages::act(alipay, asked, trade_no, step),
        (["refund", ticket], true) => mapi_refund::page(alipay, ticket),
        (["refund", ticket], false) => mapi_refund::confirm(alipay, asked, ticket),
        (
            [""]
            | ["cashier" | "trades", _]
            | ["cashier", _, "pay" | "leave"]
            | ["trades", _, "pay" | "close" | "refund" | "finish" | "resend"],
            _,
        ) => Answer::text(405, if get { "only POST" } else { "only GET" }),
        _ => Answer::text(404, "not found"),
    }
}

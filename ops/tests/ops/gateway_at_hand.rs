//! A stand-in for the legacy gateway: answers `single_trade_query` for the trades that a test names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipay::{Form, Md5Key, Rule, Signer};
use testkit::clock::{beijing, minutes_ago};
use testkit::{FakeGateway, Reply};

use crate::program::KEY;

/// The time at which the trades of these tests were paid.
pub(crate) const PAID_MINUTES_AGO: i64 = 5;

/// The fields of each trade, by order.
type Trades = Arc<Mutex<HashMap<String, Vec<(String, String)>>>>;

/// A gateway on a free port, until the test ends.
pub(crate) struct GatewayAtHand {
    pub(crate) url: String,
    trades: Trades,
    asked: Arc<Mutex<Vec<String>>>,
    slow: Arc<Mutex<Duration>>,
    meanwhile: Meanwhile,
    _gateway: FakeGateway,
}

/// An action between the gateway's answer and its arrival, once.
type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

impl GatewayAtHand {
    pub(crate) fn start() -> GatewayAtHand {
        let trades: Trades = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let slow: Arc<Mutex<Duration>> = Arc::default();
        let meanwhile: Meanwhile = Arc::default();
        let known = (trades.clone(), asked.clone(), slow.clone(), meanwhile.clone());
        let gateway = FakeGateway::answering(move |request| {
            let (trades, asked, slow, meanwhile) = &known;
            let (_, body) = request.split_once("\r\n\r\n").unwrap();
            let form = Form::parse(body.as_bytes()).unwrap();
            let order = String::from_utf8(form.get("out_trade_no").unwrap().to_vec()).unwrap();
            // The delay is what the test asked for: a gateway that is slow.
            std::thread::sleep(*slow.lock().unwrap());
            let answer = answer(trades.lock().unwrap().get(&order));
            asked.lock().unwrap().push(order);
            let happens = meanwhile.lock().unwrap().take();
            if let Some(happens) = happens {
                happens();
            }
            Reply::Good(answer.into_bytes())
        });
        let gateway = gateway.unwrap();
        let url = gateway.url.clone();
        GatewayAtHand { url, trades, asked, slow, meanwhile, _gateway: gateway }
    }

    /// Adds this trade, which is paid.
    pub(crate) fn knows_paid(&self, order: &str, total: &str) {
        let paid_at = beijing(minutes_ago(PAID_MINUTES_AGO));
        self.knows(order, "TRADE_SUCCESS", total, &[("gmt_payment", &paid_at)]);
    }

    /// Adds this trade.
    pub(crate) fn knows(&self, order: &str, status: &str, total: &str, more: &[(&str, &str)]) {
        let mut fields = vec![
            ("out_trade_no", order),
            ("trade_no", "2026112300001000"),
            ("trade_status", status),
            ("total_fee", total),
            ("seller_id", "2088000000000001"),
        ];
        fields.extend(more);
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.trades.lock().unwrap().insert(order.to_owned(), fields.collect());
    }

    /// Delays every answer.
    pub(crate) fn slow(&self, time: Duration) {
        *self.slow.lock().unwrap() = time;
    }

    /// Runs this after the next answer, before the answer arrives.
    pub(crate) fn meanwhile(&self, happens: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(happens));
    }

    /// The orders that it was queried about.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(fields: Option<&Vec<(String, String)>>) -> String {
    let Some(fields) = fields else {
        return "<?xml version=\"1.0\" encoding=\"utf-8\"?><alipay><is_success>F</is_success>\
                <error>TRADE_NOT_EXIST</error></alipay>"
            .to_owned();
    };
    let mut form: Form =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Signer::Md5(Md5Key::new(KEY)).sign_form(&mut form, Rule::DropEmpty).unwrap();
    let sign = String::from_utf8(form.get("sign").unwrap().to_vec()).unwrap();
    let trade: String =
        fields.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><alipay><is_success>T</is_success>\
         <response><trade>{trade}</trade></response><sign>{sign}</sign><sign_type>MD5</sign_type>\
         </alipay>"
    )
}

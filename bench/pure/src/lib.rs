//! The pure parts of a notification's way, on one notification of a payment.

use alipay::{
    Charset, Fen, Form, Md5Key, Notification, Protocol, Rule, SignType, Signer, TradeStatusSync,
    Verifier,
};
use chrono::{DateTime, Utc};
use order::{MerchantAccount, OrderRecord, OrderTerms, ProductKind};

const KEY: &str = "only0for0the0bench0000000000000";

/// The inputs of every measurement.
pub struct Inputs {
    /// As Alipay posts it.
    pub body: Vec<u8>,
    /// The same, parsed.
    pub form: Form,
    /// Knows the key that signed it.
    pub verifier: Verifier,
    /// The same, read.
    pub trade: TradeStatusSync,
    /// The order that it pays, still unpaid.
    pub unpaid: OrderRecord,
    /// The same order after it.
    pub paid: OrderRecord,
    pub account: MerchantAccount,
    pub received_at: DateTime<Utc>,
}

impl Inputs {
    /// # Panics
    /// The notification below is not one.
    pub fn new() -> Inputs {
        let mut form = Form::from_pairs([
            ("notify_time", "2026-11-23 11:41:00"),
            ("notify_type", "trade_status_sync"),
            ("notify_id", "2026112300222114103044910000000001"),
            ("sign_type", "MD5"),
            ("out_trade_no", "20261123000000000001"),
            ("subject", "一个月会员 12 个月"),
            ("payment_type", "1"),
            ("trade_no", "2026112322001400001000000001"),
            ("trade_status", "TRADE_SUCCESS"),
            ("gmt_create", "2026-11-23 11:40:31"),
            ("gmt_payment", "2026-11-23 11:40:59"),
            ("seller_email", "seller@example.com"),
            ("buyer_email", "buy***@example.com"),
            ("seller_id", "2088000000000001"),
            ("buyer_id", "2088000000000002"),
            ("price", "10.00"),
            ("total_fee", "10.00"),
            ("quantity", "1"),
            ("body", "自动发货"),
            ("discount", "0.00"),
            ("is_total_fee_adjust", "N"),
            ("use_coupon", "N"),
        ]);
        let key = || Md5Key::new(KEY);
        Signer::Md5(key()).sign_form(&mut form, Rule::Notification).expect("signed");
        let body = form.encode().into_bytes();
        let form = Form::parse(&body).expect("a form");
        let verifier = Verifier::new(Protocol::Mapi, vec![SignType::Md5], vec![key()], vec![])
            .expect("a key for each sign type");
        let received_at = "2026-11-23T03:41:00Z".parse().expect("a time");
        let Ok(Notification::Trade(trade)) =
            Notification::read(&form, Protocol::Mapi, Charset::Utf8)
        else {
            panic!("a notification of a trade");
        };
        let terms = OrderTerms {
            id: "20261123000000000001".into(),
            merchant: "shop".into(),
            total_fee: Fen::new(1000),
            created_at: "2026-11-23T03:40:00Z".parse().expect("a time"),
            expires_at: None,
        };
        let account = MerchantAccount {
            merchant: "shop".into(),
            seller_id: Some("2088000000000001".into()),
            app_id: None,
            refunds_late: false,
            confirms_above: None,
            longest_time_to_pay: None,
        };
        let unpaid = OrderRecord::new(terms, ProductKind::Stock);
        let mut paid = unpaid.clone();
        paid.apply_notification(&account, &trade).expect("agrees");
        Inputs { body, form, verifier, trade: *trade, unpaid, paid, account, received_at }
    }
}

impl Default for Inputs {
    fn default() -> Inputs {
        Inputs::new()
    }
}

//! A small load with every kind of message that a batch can hold.

use std::collections::BTreeSet;

use alipay::{Fen, Form, Md5Key, Signer};
use chrono::Utc;
use queue::{MessageKind, message_id};
use simulator::{SignedNotification, UnsignedNotification};

use crate::world::{TOTAL, World};

/// The key of the merchant `shop`.
const KEY: &str = "only0for0tests";

/// A product that is out of stock until the test says otherwise.
pub(crate) const RARE: &str = "RARE";

/// The orders of one crash point, all named with one prefix:
///
/// | | |
/// |---|---|
/// | `LATE` | paid before the shop has committed it: retried |
/// | `PAY` | paid, told twice: delivered once |
/// | `REFUND` | paid and refunded in full: nothing is with the buyer |
/// | `WRONG` | a wrong amount: a dead letter |
/// | `WAIT` | paid without stock: delivered when stock arrives |
/// | `NEXT` | paid after the crash |
pub(crate) struct Load {
    prefix: String,
    /// Ids of all messages that were answered `success`.
    sent: BTreeSet<String>,
    /// The id of the message that is always rejected.
    pub(crate) wrong: String,
}

/// Signs as the merchant `shop`.
pub(crate) fn sign(notification: UnsignedNotification) -> SignedNotification {
    notification.sign(&Signer::Md5(Md5Key::new(KEY))).expect("a signature")
}

/// The id that the ingress must give to a notification.
pub(crate) fn id_of(signed: &SignedNotification) -> String {
    let kind = match signed.notification().parameter("notify_type") {
        Some("batch_refund_notify") => MessageKind::BatchRefund,
        _ => MessageKind::TradeStatus,
    };
    message_id("shop", kind, &Form::parse(&signed.body()).expect("a form"))
}

impl Load {
    /// Places the orders and sends all notifications; each must be answered `success`.
    pub(crate) async fn send(world: &mut World, prefix: &str) -> Load {
        let mut load =
            Load { prefix: prefix.to_owned(), sent: BTreeSet::new(), wrong: String::new() };
        for (order, product) in [
            ("PAY", "CODE"),
            ("REFUND", "CODE"),
            ("WRONG", "CODE"),
            ("WAIT", RARE),
            ("NEXT", "CODE"),
        ] {
            load.place(world, order, product);
        }
        let late = world.payment(&load.order("LATE"));
        load.tell(world, late).await;
        let payment = world.payment(&load.order("PAY"));
        load.tell(world, payment.clone()).await;
        load.tell(world, payment).await;
        let mut trade = world.trade(&load.order("REFUND"));
        load.tell(world, trade.pay(Utc::now()).expect("a payment")).await;
        for notification in trade.refund(TOTAL, None, Utc::now()).expect("a refund") {
            load.tell(world, notification).await;
        }
        let wrong = world.payment(&load.order("WRONG")).wrong_amount(Fen::new(1));
        load.wrong = load.tell(world, wrong).await;
        let wait = world.payment(&load.order("WAIT"));
        load.tell(world, wait).await;
        load
    }

    /// The payment that comes after the crash.
    pub(crate) async fn send_next(&mut self, world: &mut World) {
        let next = world.payment(&self.order("NEXT"));
        self.tell(world, next).await;
    }

    async fn tell(&mut self, world: &World, notification: UnsignedNotification) -> String {
        let signed = sign(notification);
        let id = id_of(&signed);
        world.send_body("shop", signed.body()).await;
        self.sent.insert(id.clone());
        id
    }

    /// The shop commits its late order.
    pub(crate) fn place_late(&self, world: &mut World) {
        self.place(world, "LATE", "CODE");
    }

    fn place(&self, world: &mut World, order: &str, product: &str) {
        let id = self.order(order);
        world.sql(&format!(
            "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
             VALUES ('{id}', 'shop', '{product}', 1, 's', 1000)"
        ));
    }

    /// One code arrives for the order that waits.
    pub(crate) fn restock(&self, world: &World) {
        world.pipeline.import(RARE, &[format!("{}-RARE", self.prefix)]).expect("stock");
    }

    fn order(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// Waits until all is done that needs neither the late order nor stock.
    pub(crate) fn wait_until_worked_on(&self, world: &mut World) {
        let prefix = &self.prefix;
        self.wait_until_delivered(world, "PAY");
        world.wait_for_count(
            &format!("user_order WHERE id = '{prefix}-REFUND' AND status = 105"),
            1,
        );
        world.wait_for_count(&format!("user_order WHERE id = '{prefix}-WAIT' AND status = 8"), 1);
        let wrong = &self.wrong;
        world.wait_for_count(&format!("notification WHERE message_id = '{wrong}'"), 1);
    }

    /// Waits until an order is paid and delivered.
    pub(crate) fn wait_until_delivered(&self, world: &mut World, order: &str) {
        let id = self.order(order);
        let delivered = "status = 8 AND is_send_goods AND NOT is_return_goods AND NOT needs_review";
        world.wait_for_count(&format!("user_order WHERE id = '{id}' AND {delivered}"), 1);
    }

    /// Every order in its right state, goods out once, every notification in the inbox.
    pub(crate) fn check(&self, world: &mut World, after: &str) {
        for order in ["PAY", "LATE", "WAIT", "NEXT"] {
            self.wait_until_delivered(world, order);
            let id = self.order(order);
            let given = format!("stock_item WHERE order_id = '{id}' AND state = 'delivered'");
            assert_eq!(world.count(&given), 1, "{after}: {id}");
            let goods = format!("fulfillment WHERE order_id = '{id}' AND state = 'delivered'");
            assert_eq!(world.count(&format!("{goods} AND given = 1")), 1, "{after}: {id}");
        }
        let [refunded, wrong, late] = ["REFUND", "WRONG", "LATE"].map(|order| self.order(order));
        for (what, expected) in [
            (
                format!(
                    "user_order WHERE id = '{refunded}' AND status = 105 AND refunded_fee = 1000 AND is_send_goods = is_return_goods"
                ),
                1,
            ),
            (format!("stock_item WHERE order_id = '{refunded}' AND state <> 'returned'"), 0),
            (format!("user_order WHERE id = '{wrong}' AND status = 0 AND NOT is_send_goods"), 1),
            (format!("trade WHERE order_id = '{wrong}'"), 0),
            (format!("stock_item WHERE order_id = '{wrong}'"), 0),
            (format!("notification WHERE order_id = '{late}' AND attempts > 0"), 1),
        ] {
            assert_eq!(world.count(&what), expected, "{after}: {what}");
        }
        for id in &self.sent {
            let inbox = format!("notification WHERE message_id = '{id}'");
            assert_eq!(world.count(&inbox), 1, "{after}: answered success and lost: {id}");
        }
    }
}

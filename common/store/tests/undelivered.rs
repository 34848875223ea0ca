//! `user_order/undelivered.sql` finds in SQL what `order::Undelivered` says of an order.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test")]

mod states;

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use order::{
    Facts, FulfillmentState, MessageOutcome, PaymentState, Undelivered, VariantArray as _,
};
use store::user_order::{count_undelivered, undelivered};
use store::{MysqlConnection, Pool, migrate};
use testkit::Sandbox;

use states::states;

fn schema(sandbox: &Sandbox) -> store::Connection {
    let mut connection = Pool::new(&sandbox.database_url, 1).get().expect("a connection");
    migrate::run(&mut connection, drop).expect("the schema");
    let product = "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'stock', 1)";
    connection.batch_execute(product).expect("a product");
    connection
}

fn listed(connection: &mut MysqlConnection) -> BTreeSet<String> {
    let rows = undelivered(connection, 0, 10_000).expect("the orders");
    assert_eq!(count_undelivered(connection).expect("a count").count, rows.len() as i64);
    rows.into_iter().map(|row| row.order_id).collect()
}

#[test]
fn orders_are_listed_that_are_paid_and_have_no_goods() {
    let sandbox = Sandbox::database_only();
    let mut connection = schema(&sandbox);
    let goods = FulfillmentState::VARIANTS.iter().copied().map(Some).chain([None]);
    let goods: Vec<Option<FulfillmentState>> = goods.collect();
    let mut expected = BTreeSet::new();
    for (status, trade_status, is_finish) in states() {
        let payment = PaymentState::of_codes(status, trade_status, is_finish).expect("a state");
        for goods in &goods {
            let name = goods.map_or("none", FulfillmentState::as_str);
            let id = format!("{status}/{trade_status}/{is_finish}/{name}");
            let given = goods.is_some_and(FulfillmentState::is_given);
            let returned = *goods == Some(FulfillmentState::Returned);
            let mut rows = format!(
                "INSERT INTO user_order (id, merchant, product_id, total_fee, status, trade_status, is_finish, \
                 is_send_goods, is_return_goods) \
                 VALUES ('{id}', 'shop', 'P', 1, {status}, {trade_status}, {is_finish}, {given}, {returned});"
            );
            if let Some(state) = goods {
                rows.push_str(&format!(
                    "INSERT INTO fulfillment (order_id, product_id, state, units) VALUES ('{id}', 'P', '{state}', 1)"
                ));
            }
            connection.batch_execute(&rows).expect("an order");
            // Late and unconfirmed payments are no other set: only the reason differs.
            if Undelivered::of(payment, Facts::empty(), *goods).is_some() {
                expected.insert(id);
            }
        }
    }
    assert!(expected.len() >= 12, "{expected:?}");
    assert_eq!(listed(&mut connection), expected);
}

#[test]
fn messages_about_a_payment_are_listed_of_orders_that_are_not_paid() {
    let sandbox = Sandbox::database_only();
    let mut connection = schema(&sandbox);
    let letter = |id: &str, order: &str, state: &str| {
        format!(
            "INSERT INTO dead_letter (message_id, merchant, order_id, kind, reason, state) \
             VALUES ('{id}', 'shop', '{order}', 'trade_status', 'total_mismatch', '{state}');"
        )
    };
    let inbox = |id: &str, order: &str, trade_status: &str| {
        let outcome = MessageOutcome::Rejected;
        format!(
            "INSERT INTO notification (merchant, kind, message_id, order_id, trade_status, charset, form, outcome, \
             received_at) VALUES ('shop', 'trade_status', '{id}', '{order}', '{trade_status}', 'utf-8', 'x', \
             '{outcome}', UTC_TIMESTAMP(6));"
        )
    };
    let order = |id: &str, status: i16, trade_status: i16, sent: bool| {
        format!(
            "INSERT INTO user_order (id, merchant, product_id, total_fee, status, trade_status, is_send_goods) \
             VALUES ('{id}', 'shop', 'P', 1, {status}, {trade_status}, {sent});"
        )
    };
    let retry = |id: &str, order: &str| {
        format!(
            "INSERT INTO retry_copy (message_id, attempt, tier, merchant, order_id, first_seen, due_at) \
             VALUES ('{id}', 1, 'alipay.retry.5s', 'shop', '{order}', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6));"
        )
    };
    let rows = [
        order("LETTER", 0, 0, false),
        letter("1", "LETTER", "waiting"),
        inbox("1", "LETTER", "TRADE_SUCCESS"),
        // Two letters of one order, and a copy in a retry tier: one line.
        letter("2", "LETTER", "waiting"),
        retry("3", "LETTER"),
        // The money that Alipay holds.
        order("HELD", 0, 0, false),
        letter("10", "HELD", "waiting"),
        inbox("10", "HELD", "TRADE_PENDING"),
        // A letter and a copy beside what the order itself says: one line, with both.
        order("BOTH", 0, 7, false),
        letter("11", "BOTH", "waiting"),
        inbox("11", "BOTH", "TRADE_SUCCESS"),
        retry("12", "BOTH"),
        // Refunded: no payment is missing, whatever its messages say.
        order("REFUNDED", 105, 8, false),
        letter("13", "REFUNDED", "waiting"),
        retry("14", "REFUNDED"),
        order("RETRY", 32, 1, false),
        retry("4", "RETRY"),
        letter("5", "NO-ORDER", "waiting"),
        inbox("5", "NO-ORDER", "TRADE_FINISHED"),
        // Not about a payment, no longer there, of an order that is delivered.
        order("CLOSED", 0, 0, false),
        letter("6", "CLOSED", "waiting"),
        inbox("6", "CLOSED", "TRADE_CLOSED"),
        order("DISCARDED", 0, 0, false),
        letter("7", "DISCARDED", "discarded"),
        order("SENT", 8, 8, true),
        letter("8", "SENT", "waiting"),
        retry("9", "SENT"),
    ];
    connection.batch_execute(&rows.concat()).expect("the rows");
    let expected = ["BOTH", "HELD", "LETTER", "NO-ORDER", "RETRY"].map(str::to_owned);
    assert_eq!(listed(&mut connection), BTreeSet::from(expected));
    let rows = undelivered(&mut connection, 0, 10).expect("the orders");
    let letter = rows.iter().find(|row| row.order_id == "LETTER").expect("the order");
    assert_eq!(letter.letter.as_deref(), Some("total_mismatch"));
    let both = rows.iter().find(|row| row.order_id == "BOTH").expect("the order");
    assert_eq!(both.letter.as_deref(), Some("total_mismatch"));
    assert!(both.due_at.is_some() && both.pause_id.is_none(), "{both:?}");
    assert_eq!(undelivered(&mut connection, 2, 10).expect("the rest").len(), 3);
}

#[test]
fn a_repeat_makes_no_order_younger() {
    let sandbox = Sandbox::database_only();
    let mut connection = schema(&sandbox);
    let rows = "INSERT INTO user_order (id, merchant, product_id, total_fee, status, trade_status, created_at, \
         notify_dtime, paid_dtime) VALUES \
         ('PENDING', 'shop', 'P', 1, 0, 7, '2026-05-01 00:00:00', '2026-05-09 00:00:00', NULL), \
         ('UNDATED', 'shop', 'P', 1, 8, 8, '2026-05-02 00:00:00', '2026-05-09 00:00:00', NULL), \
         ('PAID', 'shop', 'P', 1, 8, 8, '2026-05-01 00:00:00', '2026-05-09 00:00:00', '2026-05-03 00:00:00'); \
         INSERT INTO retry_copy (message_id, attempt, tier, merchant, order_id, first_seen, due_at) VALUES \
         ('1', 1, 'alipay.retry.5s', 'shop', 'PAID', '2026-04-01 00:00:00', '2026-05-09 00:00:00')";
    connection.batch_execute(rows).expect("the rows");
    let rows = undelivered(&mut connection, 0, 10).expect("the orders");
    let since = |row: &store::user_order::UndeliveredRow| {
        (row.order_id.clone(), row.since.0.format("%Y-%m-%d").to_string())
    };
    let expected = [("PENDING", "2026-05-01"), ("UNDATED", "2026-05-02"), ("PAID", "2026-05-03")];
    let expected = expected.map(|(order, day)| (order.to_owned(), day.to_owned()));
    assert_eq!(rows.iter().map(since).collect::<Vec<_>>(), expected);
}

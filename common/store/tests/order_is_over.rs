//! `prune/order_is_over.sql` says in SQL what the types of `order` say: the order is finished, or nobody ever paid it.

#![allow(clippy::expect_used, reason = "a test")]

mod states;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use order::PaymentState;
use store::prune::{PrunedTable, Walk};
use store::{Pool, clock, migrate};
use testkit::Sandbox;

use states::states;

#[derive(QueryableByName)]
struct OrderId {
    #[diesel(sql_type = Text)]
    order_id: String,
}

#[test]
fn rows_go_of_orders_that_are_finished_or_were_never_paid() {
    let sandbox = Sandbox::database_only();
    let mut connection = Pool::new(&sandbox.database_url, 1).get().expect("a connection");
    migrate::run(&mut connection, drop).expect("the schema");
    let product = "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'stock', 1)";
    connection.batch_execute(product).expect("a product");
    let mut kept = BTreeSet::new();
    for (status, trade_status, is_finish) in states() {
        let id = format!("{status}/{trade_status}/{is_finish}");
        let rows = format!(
            "INSERT INTO user_order (id, merchant, product_id, total_fee, status, trade_status, is_finish) \
             VALUES ('{id}', 'shop', 'P', 1, {status}, {trade_status}, {is_finish}); \
             INSERT INTO gateway_answer (order_id, digest, written_at) \
             VALUES ('{id}', 'x', UTC_TIMESTAMP(6) - INTERVAL 1 DAY)"
        );
        connection.batch_execute(&rows).expect("an order");
        let payment = PaymentState::of_codes(status, trade_status, is_finish).expect("a state");
        if !is_finish && !payment.was_never_paid() {
            kept.insert(id);
        }
    }
    assert!(kept.len() >= 4, "{kept:?}");
    let hour_ago = clock::now(&mut connection).expect("the time") - TimeDelta::hours(1);
    let mut walk = Walk::new(PrunedTable::GatewayAnswer, hour_ago);
    while walk.remove(&mut connection).expect("a step").is_some() {}
    let left: Vec<OrderId> = sql_query("SELECT order_id FROM gateway_answer")
        .load(&mut connection)
        .expect("what is left");
    let left: BTreeSet<String> = left.into_iter().map(|row| row.order_id).collect();
    assert_eq!(left, kept);
}

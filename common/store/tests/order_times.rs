//! Times that are written for orders keep their microseconds, however many orders one statement has, and whatever the statement
//! wrote when it was prepared: MySQL gives a parameter the precision of its first value where its statement does not say one.

#![allow(clippy::expect_used, reason = "a test")]

use alipay::Fen;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use order::{OrderRecord, OrderTerms, ProductKind};
use store::user_order::{self, OrderColumns};
use store::{Connection, Pool, migrate};
use testkit::Sandbox;

/// One alone, then sizes of each statement (see `bulk.rs`).
const SIZES: [usize; 6] = [1, 8, 16, 17, 32, 128];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn record(number: usize) -> OrderRecord {
    let terms = OrderTerms {
        id: format!("A{number}"),
        merchant: "shop".to_owned(),
        total_fee: Fen::new(1),
        created_at: DateTime::UNIX_EPOCH,
        expires_at: None,
    };
    OrderRecord::new(terms, ProductKind::Stock)
}

/// Writes this time into each column of a time, of so many orders by one call, and returns how many have it then.
fn kept(connection: &mut Connection, orders: usize, time: Option<DateTime<Utc>>) -> i64 {
    let records: Vec<OrderRecord> = (0..orders).map(record).collect();
    let mut state = records[0].state();
    state.paid_dtime = time;
    state.refund_dtime = time;
    state.refund_finish_dtime = time;
    state.notify_dtime = time;
    state.confirm_dtime = time;
    state.finish_dtime = time;
    let columns = |record| OrderColumns { record, state: &state, needs_review: false };
    let rows: Vec<OrderColumns<'_>> = records.iter().map(columns).collect();
    user_order::update(connection, &rows).expect("written");
    let is_kept = match time {
        None => "IS NULL".to_owned(),
        Some(time) => format!("= '{}'", time.format("%Y-%m-%d %H:%M:%S%.6f")),
    };
    let names = ["paid", "refund", "refund_finish", "notify", "confirm", "finish"];
    let all = names.map(|name| format!("{name}_dtime {is_kept}")).join(" AND ");
    let sql = format!("SELECT COUNT(*) AS count FROM user_order WHERE {all}");
    sql_query(sql).get_result::<Count>(connection).expect("a count").count
}

#[test]
fn times_keep_their_microseconds_whatever_the_statement_wrote_first() {
    let sandbox = Sandbox::database_only();
    let first: DateTime<Utc> = "2026-01-02T03:04:05Z".parse().expect("a time");
    let fraction = TimeDelta::microseconds(123_456);
    for size in SIZES {
        // A connection of its own: each prepares the statement anew.
        for before in [None, Some(first), Some(first + fraction)] {
            let mut connection = Pool::new(&sandbox.database_url, 1).get().expect("a connection");
            migrate::run(&mut connection, drop).expect("the schema");
            for sql in [
                "DELETE FROM user_order",
                "INSERT IGNORE INTO product (id, name, kind, price) VALUES ('P', 'p', 'stock', 1)",
            ] {
                sql_query(sql).execute(&mut connection).expect(sql);
            }
            let row = |number| format!("('A{number}', 'shop', 'P', 1)");
            let values = (0..size).map(row).collect::<Vec<_>>().join(",");
            let sql = format!(
                "INSERT INTO user_order (id, merchant, product_id, total_fee) VALUES {values}"
            );
            sql_query(&sql).execute(&mut connection).expect("orders");
            let all = i64::try_from(size).expect("a size");
            for time in [before, Some(first + fraction), Some(first), None, Some(first - fraction)]
            {
                assert_eq!(kept(&mut connection, size, time), all, "{size}: {before:?}, {time:?}");
            }
        }
    }
}

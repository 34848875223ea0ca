//! Messages that wait for the end of a pause.

#![allow(clippy::expect_used, reason = "a test")]

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use order::PauseScope;
use store::pause::NewPause;
use store::paused_message::{NewPausedMessage, ResumedMessage};
use store::prune::{PrunedTable, Walk};
use store::{Connection, Pool, StoreError, clock, migrate, pause, paused_message};
use testkit::Sandbox;

const DAY: Duration = Duration::from_secs(86_400);

struct Schema {
    connection: Connection,
    sandbox: Sandbox,
}

impl Schema {
    fn new() -> Schema {
        let sandbox = Sandbox::database_only();
        let mut connection = Pool::new(&sandbox.database_url, 1).get().expect("a connection");
        migrate::run(&mut connection, drop).expect("the schema");
        Schema { connection, sandbox }
    }

    fn pause(&mut self, scope: PauseScope, id: &str) -> i64 {
        let new = NewPause { scope, scope_id: id, reason: "why", by: "wang", length: DAY };
        pause::begin(&mut self.connection, &new).expect("a pause")
    }

    /// So many messages wait for the pause; they name the order `A`.
    fn put_aside(&mut self, pause_id: i64, count: usize) {
        let ids: Vec<String> = (0..count).map(|number| format!("{pause_id}-{number:04}")).collect();
        let messages = ids.iter().map(|id| NewPausedMessage {
            pause_id,
            message_id: id,
            body_digest: String::new(),
            body: b"{}",
            kind: "trade_status_sync",
            merchant: "shop",
            order_id: Some("A".to_owned()),
            attempt: 0,
            was_dead: false,
            first_seen: Utc::now(),
            traceparent: None,
            tracestate: None,
        });
        paused_message::insert(&mut self.connection, messages.collect()).expect("rows");
    }

    /// What a worker puts back at one time.
    fn put_back(&mut self, limit: i64) -> Vec<String> {
        let rows = self.connection.transaction(|connection| {
            let rows = paused_message::lock_resumed(connection, limit)?;
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            paused_message::delete(connection, &ids)?;
            Ok::<Vec<ResumedMessage>, StoreError>(rows)
        });
        rows.expect("rows").into_iter().map(|row| row.message_id).collect()
    }
}

#[test]
fn the_end_of_one_pause_lets_the_messages_of_others_wait() {
    let mut schema = Schema::new();
    let product = schema.pause(PauseScope::Product, "P");
    let merchant = schema.pause(PauseScope::Merchant, "shop");
    schema.put_aside(product, 200);
    schema.put_aside(merchant, 3);
    assert!(schema.put_back(64).is_empty());
    pause::end(&mut schema.connection, PauseScope::Merchant, "shop", "wang").expect("ended");
    let of_merchant = [0, 1, 2].map(|number| format!("{merchant}-{number:04}"));
    assert_eq!(schema.put_back(64), of_merchant);
    assert!(schema.put_back(64).is_empty());
    // Its time is over.
    schema.connection.batch_execute("UPDATE pause SET ends_at = UTC_TIMESTAMP(6)").expect("over");
    let pieces: Vec<usize> = (0..5).map(|_| schema.put_back(64).len()).collect();
    assert_eq!(pieces, [64, 64, 64, 8, 0]);
}

#[test]
fn what_another_worker_has_locked_is_left_out() {
    let mut schema = Schema::new();
    let pause = schema.pause(PauseScope::Product, "P");
    schema.put_aside(pause, 3);
    pause::end(&mut schema.connection, PauseScope::Product, "P", "wang").expect("ended");
    let mut other = Pool::new(&schema.sandbox.database_url, 1).get().expect("a connection");
    other.batch_execute("BEGIN").expect("a transaction");
    assert_eq!(paused_message::lock_resumed(&mut other, 2).expect("rows").len(), 2);
    assert_eq!(schema.put_back(64), [format!("{pause}-0002")]);
    other.batch_execute("ROLLBACK").expect("the end");
    assert_eq!(schema.put_back(64).len(), 2);
}

#[test]
fn a_pause_that_began_in_the_future_is_as_long_as_it_was_meant_to_be() {
    let mut schema = Schema::new();
    schema.pause(PauseScope::Everything, "");
    schema
        .connection
        .batch_execute(
            "UPDATE pause SET begun_at = begun_at + INTERVAL 30 DAY, ends_at = ends_at + INTERVAL 30 DAY",
        )
        .expect("a clock that was ahead");
    clock::correct_times_ahead(&mut schema.connection).expect("corrected");
    let now = clock::now(&mut schema.connection).expect("the time");
    let row = pause::active(&mut schema.connection).expect("pauses").remove(0);
    let left = row.ends_at.0 - now;
    assert!(left > TimeDelta::hours(23) && left <= TimeDelta::days(1), "{left}");
}

#[test]
fn nothing_is_removed_of_an_order_that_a_waiting_message_names() {
    let mut schema = Schema::new();
    let pause = schema.pause(PauseScope::Product, "P");
    schema
        .connection
        .batch_execute(
            "INSERT INTO gateway_answer (order_id, digest, written_at) VALUES
             ('A', 'x', UTC_TIMESTAMP(6) - INTERVAL 1 DAY), ('B', 'x', UTC_TIMESTAMP(6) - INTERVAL 1 DAY)",
        )
        .expect("answers");
    schema.put_aside(pause, 1);
    let hour_ago = clock::now(&mut schema.connection).expect("the time") - TimeDelta::hours(1);
    let mut walk = Walk::new(PrunedTable::GatewayAnswer, hour_ago);
    let step = walk.look(&mut schema.connection).expect("a step").expect("rows");
    assert_eq!((step.looked_at, step.rows), (2, 1));
}

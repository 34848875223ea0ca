//! Which orders are enrolled to be asked about, by whom, and what that waits for.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};
use order::{OrderStatus, QueryReason};
use store::gateway_query::{self, EnrolmentPass, NewQuery, QueryMove, QueryNote, enrol_next};
use store::{Pool, migrate};
use testkit::Sandbox;

struct Database {
    pool: Pool,
    connection: store::Connection,
    _sandbox: Sandbox,
}

const UNPAID: EnrolmentPass =
    EnrolmentPass { name: "unpaid", why: QueryReason::Unpaid, age: Duration::from_secs(600) };
const UNPAID_AGAIN: EnrolmentPass = EnrolmentPass {
    name: "unpaid_late",
    why: QueryReason::Unpaid,
    age: Duration::from_secs(600 + 3600),
};
const SILENT: EnrolmentPass =
    EnrolmentPass { name: "silent", why: QueryReason::Silent, age: Duration::from_secs(24 * 3600) };

impl Database {
    fn new() -> Database {
        let sandbox = Sandbox::database_only();
        let pool = Pool::new(&sandbox.database_url, 4);
        let mut connection = pool.get().expect("a connection");
        migrate::run(&mut connection, drop).expect("the schema");
        connection
            .batch_execute(
                "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'stock', 1)",
            )
            .expect("a product");
        Database { pool, connection, _sandbox: sandbox }
    }

    /// Places orders that are `minutes` old, in one statement.
    fn place(
        &mut self,
        ids: &[String],
        merchant: &str,
        minutes: u32,
        status: i16,
        is_finish: bool,
    ) {
        let rows: Vec<String> = ids
            .iter()
            .map(|id| {
                format!(
                    "('{id}', '{merchant}', 'P', 100, UTC_TIMESTAMP(6) - INTERVAL {minutes} MINUTE, \
                     {status}, {is_finish})"
                )
            })
            .collect();
        let rows = rows.join(",");
        self.connection
            .batch_execute(&format!(
                "INSERT INTO user_order (id, merchant, product_id, total_fee, created_at, status, \
                 is_finish) VALUES {rows}"
            ))
            .expect("orders");
    }

    /// Steps until there is nothing more; returns how many orders were enrolled.
    fn pass(&mut self, pass: EnrolmentPass, limit: i64) -> usize {
        let mut enrolled = 0;
        loop {
            let step = self
                .connection
                .transaction(|connection| enrol_next(connection, pass, &["shop"], limit))
                .expect("a step");
            enrolled += step.enrolled;
            if !step.more {
                return enrolled;
            }
        }
    }

    fn sql(&mut self, statement: &str) {
        self.connection.batch_execute(statement).expect(statement);
    }

    fn count(&mut self, what: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let row: Row = sql_query(format!("SELECT COUNT(*) AS n FROM {what}"))
            .get_result(&mut self.connection)
            .expect(what);
        row.n
    }
}

fn ids(prefix: &str, n: usize) -> Vec<String> {
    (1..=n).map(|number| format!("{prefix}{number:04}")).collect()
}

fn query<'a>(
    order_id: &'a str,
    why: QueryReason,
    requested_at: Option<DateTime<Utc>>,
) -> NewQuery<'a> {
    NewQuery { order_id, merchant: "shop", why, forward: 1, requested_at }
}

#[test]
fn each_pass_finds_its_orders_once() {
    let mut db = Database::new();
    // One statement of the shop: all have the same created_at, more than a step takes.
    db.place(&ids("OLD", 35), "shop", 30, 0, false);
    db.place(&ids("NEW", 3), "shop", 5, 0, false);
    db.place(&ids("PAID", 3), "shop", 30, 8, false);
    db.place(&ids("OTHER", 3), "elsewhere", 30, 0, false);
    assert_eq!(db.pass(UNPAID, 10), 35);
    assert_eq!(db.count("gateway_query WHERE why = 'unpaid' AND merchant = 'shop'"), 35);
    assert_eq!(db.pass(UNPAID, 10), 0);

    // Committed late, an hour after it was inserted: the second time through finds it.
    db.place(&ids("LATE", 1), "shop", 75, 0, false);
    assert_eq!(db.pass(UNPAID, 10), 0);
    assert_eq!(db.pass(UNPAID_AGAIN, 10), 1);

    db.place(&ids("SILENT", 2), "shop", 25 * 60, 8, false);
    db.place(&ids("OVER", 2), "shop", 25 * 60, 4, true);
    assert_eq!(db.pass(SILENT, 10), 2);
    assert_eq!(db.count("gateway_query WHERE why = 'silent'"), 2);
}

#[test]
fn one_worker_enrols_and_each_row_is_claimed_once() {
    let mut db = Database::new();
    db.place(&ids("A", 20), "shop", 30, 0, false);
    let mut other = db.pool.get().expect("a connection");
    db.connection.batch_execute("BEGIN").expect("a transaction");
    let step = enrol_next(&mut db.connection, UNPAID, &["shop"], 100).expect("a step");
    assert_eq!(step.enrolled, 20);
    let beside = other
        .transaction(|connection| enrol_next(connection, UNPAID, &["shop"], 100))
        .expect("a step");
    assert_eq!((beside.enrolled, beside.more), (0, false));
    db.connection.batch_execute("COMMIT; BEGIN").expect("a commit");

    let first = gateway_query::claim(&mut db.connection, "shop", 12).expect("a claim");
    let second = other
        .transaction(|connection| gateway_query::claim(connection, "shop", 12))
        .expect("a claim");
    assert_eq!((first.len(), second.len()), (12, 8));
    assert!(first.iter().all(|one| second.iter().all(|two| one.order_id != two.order_id)));
    assert!(first[0].order.as_ref().is_some_and(|order| order.status == OrderStatus::Placed));
    db.connection.batch_execute("ROLLBACK").expect("the end");
}

/// A shop that keeps an order locked holds up neither whoever enrols it nor whoever asks about it.
#[test]
fn a_locked_order_holds_up_nobody() {
    let mut db = Database::new();
    db.place(&ids("A", 3), "shop", 30, 0, false);
    let mut shop = db.pool.get().expect("a connection");
    shop.batch_execute("BEGIN; SELECT id FROM user_order FOR UPDATE").expect("locks");
    assert_eq!(db.pass(UNPAID, 10), 3);
    gateway_query::enrol(&mut db.connection, &[query("A0001", QueryReason::Ops, None)])
        .expect("a row");
    let claimed = db
        .connection
        .transaction(|connection| gateway_query::claim(connection, "shop", 10))
        .expect("a claim");
    assert_eq!(claimed.len(), 3);
}

#[test]
fn a_request_brings_a_row_forward_once() {
    let mut db = Database::new();
    db.place(&ids("A", 1), "shop", 30, 0, false);
    let asked = Utc::now();
    gateway_query::enrol(&mut db.connection, &[query("A0001", QueryReason::Ops, Some(asked))])
        .expect("a row");
    let leased = Some(asked + Duration::from_secs(3600));
    let moved = QueryMove { order_id: "A0001", due_at: leased, asking: 1 };
    gateway_query::move_to(&mut db.connection, &[moved]).expect("a lease");
    db.connection
        .batch_execute("UPDATE gateway_query SET asked_at = UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE")
        .expect("a question of a minute ago");
    let due = "gateway_query WHERE due_at <= UTC_TIMESTAMP(6)";

    // The question went out after this request was made.
    let before = Some(asked - Duration::from_secs(300));
    gateway_query::enrol(&mut db.connection, &[query("A0001", QueryReason::Refund, before)])
        .expect("a row");
    assert_eq!(db.count(due), 0);
    // A pass does not bring it forward either.
    let routine = NewQuery { forward: 0, ..query("A0001", QueryReason::Unpaid, None) };
    gateway_query::enrol(&mut db.connection, &[routine]).expect("a row");
    assert_eq!(db.count(due), 0);

    gateway_query::enrol(
        &mut db.connection,
        &[query("A0001", QueryReason::ReturnPage, Some(Utc::now()))],
    )
    .expect("a row");
    assert_eq!(db.count(due), 1);
    assert_eq!(db.count("gateway_query WHERE why = 'return_page'"), 1);
    // The answer to the earlier question leaves the new one its time.
    let note = QueryNote {
        order_id: "A0001",
        why: QueryReason::Unpaid,
        leased_until: leased,
        due_at: None,
        answer: Some("WAIT_BUYER_PAY"),
        error: None,
    };
    gateway_query::note(&mut db.connection, &[note]).expect("a note");
    assert_eq!(db.count(due), 1);

    // Straight after a question it waits for five seconds.
    db.connection
        .batch_execute(
            "UPDATE gateway_query SET asked_at = UTC_TIMESTAMP(6), \
             due_at = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR",
        )
        .expect("a question of just now");
    gateway_query::enrol(&mut db.connection, &[query("A0001", QueryReason::InDoubt, None)])
        .expect("a row");
    assert_eq!(db.count(due), 0);
    assert_eq!(db.count("gateway_query WHERE due_at <= UTC_TIMESTAMP(6) + INTERVAL 5 SECOND"), 1);
}

/// The orders of a span are found in the index alone, however many there are beside it.
#[test]
fn the_span_is_read_from_the_index() {
    #[derive(QueryableByName)]
    struct Plan {
        #[diesel(sql_type = Nullable<Text>)]
        table: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        key: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        #[diesel(column_name = "Extra")]
        extra: Option<String>,
    }
    let mut db = Database::new();
    db.place(&ids("A", 2000), "shop", 30, 0, false);
    let query = include_str!("../src/gateway_query/candidates.sql")
        .replacen('?', "UTC_TIMESTAMP(6) - INTERVAL 40 MINUTE", 1)
        .replacen('?', "''", 1)
        .replacen('?', "10", 1)
        .replacen('?', "UTC_TIMESTAMP(6) - INTERVAL 40 MINUTE", 1)
        .replacen('?', "UTC_TIMESTAMP(6)", 1)
        .replace('?', "10");
    // MySQL 9 explains as a tree unless it is asked for a table, for which MariaDB has no word.
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let version: Version =
        sql_query("SELECT VERSION() AS version").get_result(&mut db.connection).expect("a version");
    let form = if version.version.contains("MariaDB") { "" } else { "FORMAT=TRADITIONAL " };
    let plan: Vec<Plan> =
        sql_query(format!("EXPLAIN {form}{query}")).load(&mut db.connection).expect("a plan");
    let spans: Vec<&Plan> =
        plan.iter().filter(|step| step.table.as_deref() == Some("user_order")).collect();
    assert_eq!(spans.len(), 2);
    for step in spans {
        assert_eq!(step.key.as_deref(), Some("user_order_created"));
        assert!(step.extra.as_deref().is_some_and(|extra| extra.contains("Using index")));
    }
    let orders = plan.iter().find(|step| step.table.as_deref() == Some("o")).expect("a join");
    assert_eq!(orders.key.as_deref(), Some("PRIMARY"));
}

const EXPIRED: EnrolmentPass =
    EnrolmentPass { name: "expired", why: QueryReason::Expired, age: Duration::ZERO };

#[test]
fn orders_whose_time_is_over_are_found_once_and_at_once() {
    let mut db = Database::new();
    db.place(&ids("OVER", 35), "shop", 5, 0, false);
    db.place(&ids("LEFT", 3), "shop", 5, 0, false);
    db.place(&ids("NEVER", 3), "shop", 5, 0, false);
    db.place(&ids("PAID", 3), "shop", 5, 8, false);
    db.place(&ids("PENDING", 3), "shop", 5, 0, false);
    db.place(&ids("OTHER", 3), "other", 5, 0, false);
    db.sql("UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) WHERE id NOT LIKE 'NEVER%'");
    db.sql("UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 1 DAY WHERE id LIKE 'LEFT%'");
    db.sql("UPDATE user_order SET trade_status = 7 WHERE id LIKE 'PENDING%'");
    // Enrolled already: one was asked about before its time was over, one after it.
    db.sql(
        "INSERT INTO gateway_query (order_id, merchant, why, due_at, asked_at) VALUES \
         ('OVER0001', 'shop', 'unpaid', UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE), \
         ('OVER0002', 'shop', 'unpaid', UTC_TIMESTAMP(6) + INTERVAL 1 DAY, UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE)",
    );
    assert_eq!(db.pass(EXPIRED, 10), 35);
    assert_eq!(db.count("gateway_query WHERE why = 'expired' AND due_at <= UTC_TIMESTAMP(6)"), 34);
    assert_eq!(db.count("gateway_query WHERE order_id = 'OVER0001' AND why = 'expired'"), 1);
    assert_eq!(db.count("gateway_query WHERE order_id = 'OVER0002' AND why = 'unpaid'"), 1);
    assert_eq!(db.count("gateway_query"), 35);
    assert_eq!(db.pass(EXPIRED, 10), 0);
    // More time is a time of its own.
    db.sql("DELETE FROM gateway_query");
    db.sql("UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) WHERE id = 'OVER0003'");
    assert_eq!(db.pass(EXPIRED, 10), 1);
    assert_eq!(db.count("gateway_query WHERE order_id = 'OVER0003'"), 1);
}

/// A shop that does not name a time in its INSERT can have one for all.
#[test]
fn a_default_gives_every_new_order_a_time() {
    let mut db = Database::new();
    db.place(&ids("OLD", 1), "shop", 0, 0, false);
    db.sql("ALTER TABLE user_order ALTER expires_at SET DEFAULT (UTC_TIMESTAMP(6) + INTERVAL 30 MINUTE)");
    db.place(&ids("NEW", 1), "shop", 0, 0, false);
    let new = store::user_order::NewOrder {
        id: "OWN",
        merchant: "shop",
        account: "",
        product_id: "P",
        quantity: 1,
        subject: "s",
        total_fee: alipay::Fen::new(100),
        expires_after: Some(Duration::from_secs(60)),
    };
    store::user_order::insert(&mut db.connection, &new).expect("an order");
    let minutes = "TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(6), expires_at + INTERVAL 5 SECOND)";
    assert_eq!(db.count("user_order WHERE id = 'OLD0001' AND expires_at IS NULL"), 1);
    assert_eq!(db.count(&format!("user_order WHERE id = 'NEW0001' AND {minutes} = 30")), 1);
    assert_eq!(db.count(&format!("user_order WHERE id = 'OWN' AND {minutes} = 1")), 1);
}

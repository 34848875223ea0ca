//! Refunds that workers make by themselves: asked for once, taken up by one, 3 s between the calls about one trade.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use std::time::Duration;

use alipay::Fen;
use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use order::RefundRequestState;
use store::refund_request::{
    self, ClaimedRefund, LateRefund, NO_ANSWER_YET, RefundRequest, ask_late, claim, late_number,
    on_its_way, put_off,
};
use store::{Pool, migrate};
use testkit::Sandbox;

struct Database {
    pool: Pool,
    connection: store::Connection,
    _sandbox: Sandbox,
}

impl Database {
    /// With orders `A` and `B` of the merchant `app`.
    fn new() -> Database {
        let sandbox = Sandbox::database_only();
        let pool = Pool::new(&sandbox.database_url, 4);
        let mut connection = pool.get().expect("a connection");
        migrate::run(&mut connection, drop).expect("the schema");
        connection
            .batch_execute(
                "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'stock', 1);
                 INSERT INTO user_order (id, merchant, product_id, total_fee) VALUES
                     ('A', 'app', 'P', 1000), ('B', 'app', 'P', 1000);",
            )
            .expect("two orders");
        Database { pool, connection, _sandbox: sandbox }
    }

    fn run(&mut self, sql: &str) {
        self.connection.batch_execute(sql).expect(sql);
    }

    fn ask(&mut self, late: &[LateRefund<'_>]) {
        self.connection.transaction(|connection| ask_late(connection, late)).expect("written");
    }

    fn claim(&mut self, limit: i64, lease: Duration) -> Vec<ClaimedRefund> {
        let claimed = self.connection.transaction(|it| claim(it, "app", &[], limit, lease));
        claimed.expect("claimed")
    }

    fn of(&mut self, order: &str) -> Vec<RefundRequest> {
        refund_request::of_order(&mut self.connection, order).expect("requests")
    }
}

const LATE: LateRefund<'_> =
    LateRefund { merchant: "app", order_id: "A", trade_no: "T1", amount: Fen::new(1000) };
const OTHER: LateRefund<'_> =
    LateRefund { merchant: "app", order_id: "B", trade_no: "T2", amount: Fen::new(700) };
const LEASE: Duration = Duration::from_secs(60);

#[test]
fn asked_for_once() {
    let mut database = Database::new();
    database.ask(&[LATE, OTHER]);
    let number = late_number("app", "T1");
    let asked = database.of("A");
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].request_no.as_str(), asked[0].amount), (number.as_str(), Fen::new(1000)));
    assert_eq!((asked[0].state, asked[0].is_rest), (RefundRequestState::Asked, true));
    assert_eq!(asked[0].asked_by, "worker");

    // Learnt again, and also after Alipay refused: it stays as it is.
    let state = RefundRequestState::Refused;
    refund_request::note(&mut database.connection, &number, state, Some("no"), None)
        .expect("noted");
    database.ask(&[LateRefund { amount: Fen::new(1), ..LATE }]);
    let again = database.of("A");
    assert_eq!((again[0].state, again[0].amount), (RefundRequestState::Refused, Fen::new(1000)));
    assert!(database.claim(8, LEASE).iter().all(|claimed| claimed.request.order_id == "B"));
}

#[test]
fn one_worker_at_a_time_and_again_after_its_lease() {
    let mut database = Database::new();
    database.ask(&[LATE]);
    // Another worker is at the order: it is left for later.
    let mut other = database.pool.get().expect("a connection");
    other
        .batch_execute("BEGIN; SELECT id FROM user_order WHERE id = 'A' FOR UPDATE")
        .expect("locked");
    assert!(database.claim(8, LEASE).is_empty());
    other.batch_execute("ROLLBACK").expect("free");
    assert!(database.claim(8, LEASE).is_empty(), "not yet: it was put off");
    database.run("UPDATE refund_request SET due_at = UTC_TIMESTAMP(6)");

    let claimed = database.claim(8, LEASE);
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].request.state, RefundRequestState::Asked, "as it was");
    let row = database.of("A").remove(0);
    assert_eq!(
        (row.state, row.error.as_deref()),
        (RefundRequestState::Unknown, Some(NO_ANSWER_YET))
    );
    assert!(database.claim(8, LEASE).is_empty(), "under its lease");

    // Whoever had it died, more than 3 s ago.
    database.run(
        "UPDATE refund_request SET due_at = UTC_TIMESTAMP(6), asked_at = UTC_TIMESTAMP(6) - INTERVAL 4 SECOND",
    );
    let again = database.claim(8, LEASE);
    assert_eq!(again[0].request.state, RefundRequestState::Unknown);

    let (number, later) =
        (&again[0].request.request_no, again[0].now - chrono::TimeDelta::hours(1));
    let state = RefundRequestState::Unknown;
    put_off(&mut database.connection, number, state, "timeout", later).expect("put off");
    let row = database.of("A").remove(0);
    assert_eq!((row.state, row.error.as_deref()), (RefundRequestState::Unknown, Some("timeout")));
    database.run("UPDATE refund_request SET asked_at = UTC_TIMESTAMP(6) - INTERVAL 4 SECOND");
    assert_eq!(database.claim(8, LEASE)[0].request.error.as_deref(), Some("timeout"));
    let state = RefundRequestState::Accepted;
    refund_request::note(&mut database.connection, number, state, None, Some(Fen::new(1000)))
        .expect("noted");
    database.run("UPDATE refund_request SET asked_at = NULL");
    assert!(database.claim(8, LEASE).is_empty(), "it has ended");
    put_off(&mut database.connection, number, RefundRequestState::Unknown, "late", later)
        .expect("nothing");
    assert_eq!(database.of("A")[0].state, RefundRequestState::Accepted, "for good");
}

#[test]
fn three_seconds_after_any_other_call_about_the_trade() {
    let mut database = Database::new();
    database.ask(&[LATE, OTHER]);
    database.run(
        "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, \
         state, asked_at) VALUES ('R', 'app', 'A', 'T1', 1, FALSE, 'r', 'ann', 'refused', UTC_TIMESTAMP(6))",
    );
    let claimed = database.claim(8, LEASE);
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    assert_eq!(claimed[0].request.order_id, "B");
    // The time of the call is kept, and not pushed on by looking.
    database.run(
        "UPDATE refund_request SET due_at = UTC_TIMESTAMP(6), asked_at = UTC_TIMESTAMP(6) - INTERVAL 3 SECOND \
         WHERE order_id = 'A'",
    );
    assert_eq!(database.claim(8, LEASE)[0].request.order_id, "A");
}

#[test]
fn what_an_operator_asked_for_is_no_workers_business() {
    let mut database = Database::new();
    database.run(
        "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, \
         state) VALUES ('R', 'app', 'A', 'T1', 1, FALSE, 'r', 'worker', 'asked')",
    );
    assert!(database.claim(8, LEASE).is_empty());
    database.ask(&[OTHER]);
    let claimed = database.connection.transaction(|it| claim(it, "other", &[], 8, LEASE));
    assert_eq!(claimed.expect("claimed"), [], "another merchant's gateway");
}

#[test]
fn money_on_its_way() {
    let mut database = Database::new();
    let both = ["A", "B"];
    let pairs = |database: &mut Database| {
        let mut pairs = on_its_way(&mut database.connection, &both).expect("read");
        pairs.sort();
        pairs
    };
    assert_eq!(pairs(&mut database), []);
    database.ask(&[LATE, OTHER]);
    let (one, other) = (("A".to_owned(), "T1".to_owned()), ("B".to_owned(), "T2".to_owned()));
    assert_eq!(pairs(&mut database), [one, other.clone()]);
    database.run("UPDATE refund_request SET state = 'refused' WHERE order_id = 'A'");
    assert_eq!(pairs(&mut database), std::slice::from_ref(&other));
    database.run("UPDATE refund_request SET state = 'accepted' WHERE order_id = 'B'");
    assert_eq!(pairs(&mut database), [other], "all of it went back");
    database.run("UPDATE refund_request SET is_rest = FALSE");
    assert_eq!(pairs(&mut database), [], "a part went back");
}

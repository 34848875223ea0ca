//! The database's clock is eight hours ahead and is then corrected.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use testkit::{Database, DatabaseKind, DatabaseOptions, Folder, Sandbox, ShiftedClock, until};

use crate::alipay_side::{AlipaySide, UNPAID};

/// No other server's clock can be shifted.
fn of_this_machine() -> DatabaseOptions {
    DatabaseOptions { kind: Some(DatabaseKind::Installed), ..DatabaseOptions::default() }
}

struct Scene {
    side: AlipaySide,
    database: Database,
    folder: Arc<Folder>,
}

impl Scene {
    /// The database is eight hours ahead.
    fn ahead() -> Scene {
        let clock = ShiftedClock::hours_ahead(8);
        let folder = Arc::new(Folder::create_shifted(clock).expect("a folder"));
        let database = Database::start_with(&folder, &of_this_machine()).expect("a server");
        let mut sandbox = Sandbox::broker_only();
        sandbox.database_url = database.url();
        Scene { side: AlipaySide::on(sandbox, 9), database, folder }
    }

    fn set_right(&mut self) {
        self.database.stop();
        self.folder.set_clock(None).expect("a clock");
        self.database.start_again().expect("the server");
        let ahead = self
            .number("TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), created_at) FROM user_order LIMIT 1");
        assert!(ahead > 7 * 3600, "the first order is of the future: {ahead} s");
    }

    fn number(&self, what: &str) -> i64 {
        let text = self.side.text(&format!("SELECT CAST((SELECT {what}) AS CHAR) AS text"));
        text.parse().expect("a number")
    }

    fn time(&self, what: &str) -> DateTime<Utc> {
        let text = self.side.text(&format!(
            "SELECT CAST({what} AS CHAR) AS text FROM gateway_query_cursor WHERE name = 'unpaid'"
        ));
        let text = format!("{}Z", text.replacen(' ', "T", 1));
        text.parse().expect("a time")
    }
}

#[test]
fn a_cursor_in_the_future_is_moved_back() {
    let mut scene = Scene::ahead();
    let (_gateway, address) = scene.side.gateway(&[]);
    let worker = scene.side.worker(&address, &[UNPAID]);
    scene.side.place("app", "BEFORE", "CODE");
    scene.side.pays("app", "BEFORE", &["--drop"]);
    scene.side.world.expect("BEFORE", |order| order["is_send_goods"] == true);
    // Nobody pays it: its next query is hours away.
    scene.side.place("app", "WAITS", "CODE");
    until("it was asked about", || {
        scene.number("COUNT(*) FROM gateway_query WHERE order_id = 'WAITS' AND asked > 0") == 1
    });
    assert!(scene.time("reached") - Utc::now() > TimeDelta::hours(7));
    assert!(
        worker.stderr().contains("the clocks of database, messages and worker disagree"),
        "{}",
        worker.stderr()
    );
    assert!(worker.stderr().contains("database_ahead_seconds=28"), "{}", worker.stderr());

    scene.set_right();
    scene.side.place("app", "AFTER", "CODE");
    scene.side.pays("app", "AFTER", &["--drop"]);
    scene.side.world.expect("AFTER", |order| order["is_send_goods"] == true);
    assert!(scene.time("reached") <= Utc::now());
    // A query recorded in the future is repeated now, not in hours.
    let again = "COUNT(*) FROM gateway_query WHERE order_id = 'WAITS' AND asked > 1 \
                 AND asked_at <= UTC_TIMESTAMP(6) AND due_at < UTC_TIMESTAMP(6) + INTERVAL 1 HOUR";
    until("it was asked about again", || scene.number(again) == 1);
    for said in ["was in the future", "times in the future were corrected", "agree again"] {
        worker.wait_for_log(said);
    }
}

#[test]
fn a_starting_worker_corrects_due_times_in_the_future() {
    let mut scene = Scene::ahead();
    let (_gateway, address) = scene.side.gateway(&[]);
    scene.side.place("app", "PAID", "CODE");
    scene.side.pays("app", "PAID", &["--drop"]);
    let mut database = scene.side.connection();
    // What workers write at such a time: a lease, the next try of a refund, an order that waits for goods.
    let sql = "INSERT INTO gateway_query (order_id, merchant, why, due_at, asked_at) VALUES \
                 ('PAID', 'app', 'unpaid', UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE, UTC_TIMESTAMP(6)); \
               INSERT INTO fulfillment (order_id, product_id, state, units, given, waiting_since) VALUES \
                 ('PAID', 'CODE', 'awaiting_manual', 1, 0, UTC_TIMESTAMP(6)); \
               INSERT INTO retry_copy (message_id, attempt, tier, merchant, order_id, first_seen, due_at) VALUES \
                 ('m', 1, 'alipay.retry.5s', 'app', 'PAID', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)); \
               INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state, \
                 asked_at) VALUES ('R-1', 'app', 'PAID', 'T-1', 1, FALSE, 'r', 'o', 'unknown', UTC_TIMESTAMP(6))";
    diesel::connection::SimpleConnection::batch_execute(&mut *database, sql).expect("rows");
    drop(database);
    scene.set_right();
    let _worker = scene.side.worker(&address, &[]);
    // Queried, although its due time is in eight hours.
    until("it was asked about", || {
        scene.number("COUNT(*) FROM notification WHERE kind = 'query_answer' AND order_id = 'PAID'")
            == 1
    });
    for what in [
        "COUNT(*) FROM fulfillment WHERE waiting_since > UTC_TIMESTAMP() + INTERVAL 1 MINUTE",
        "COUNT(*) FROM retry_copy WHERE due_at > UTC_TIMESTAMP() + INTERVAL 61 MINUTE",
        "COUNT(*) FROM refund_request WHERE asked_at > UTC_TIMESTAMP() + INTERVAL 1 MINUTE \
         OR created_at > UTC_TIMESTAMP() + INTERVAL 1 MINUTE",
    ] {
        assert_eq!(scene.number(what), 0, "{what}");
    }
}

#[test]
fn a_database_clock_ahead_closes_no_payable_trade() {
    let scene = Scene::ahead();
    let (_gateway, address) = scene.side.gateway(&[]);
    scene.side.place("app", "OPEN", "CODE");
    // Placed before the clock went wrong, with an hour left.
    let mut database = scene.side.connection();
    let sql = "UPDATE user_order SET created_at = UTC_TIMESTAMP(6) - INTERVAL 8 HOUR, \
               expires_at = UTC_TIMESTAMP(6) - INTERVAL 7 HOUR";
    diesel::connection::SimpleConnection::batch_execute(&mut *database, sql).expect("a time limit");
    scene.side.happens("wait", "app", "OPEN", &["--total", "10.00", "--drop"]);
    let _worker = scene.side.worker(&address, &[]);
    until("it was asked about", || {
        scene.number("COUNT(*) FROM gateway_query WHERE order_id = 'OPEN' AND asked > 0") == 1
    });
    assert_eq!(scene.number("COUNT(*) FROM user_order WHERE id = 'OPEN' AND status = 0"), 1);
    // A trade that was closed could not be paid any more.
    scene.side.pays("app", "OPEN", &[]);
    scene.side.world.expect("OPEN", |order| order["is_send_goods"] == true);
}

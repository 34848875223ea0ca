//! What happens to a value that is longer than its column: for each column it is said here, and by design.
//!
//! `JSON_TABLE`, through which most rows are written, is not strict: what is longer than the type in `COLUMNS` is cut
//! by MariaDB and becomes NULL in MySQL, both without an error. Behind it the tables are strict, but for a `TEXT` column:
//! MariaDB copies a `MEDIUMTEXT` into it with the length modulo 65,536, unless it is an expression.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod bounds;

use std::fs;
use std::path::Path;

use alipay::Fen;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};
use order::MessageOutcome;
use order::{OrderRecord, OrderTerms, Parties, ProductKind, QueryReason, Refund, Trade};
use store::notification::{self, InboxRow};
use store::user_order::{self, OrderColumns};
use store::{Connection, ErrorKind, Pool, gateway_query, migrate, refund, trade};
use testkit::Sandbox;

use bounds::{COLUMNS, PARTIES};

struct Schema {
    connection: Connection,
    _sandbox: Sandbox,
}

fn schema() -> Schema {
    let sandbox = Sandbox::database_only();
    let mut connection = Pool::new(&sandbox.database_url, 1).get().expect("a connection");
    migrate::run(&mut connection, drop).expect("the schema");
    for statement in [
        "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'stock', 1)",
        "INSERT INTO user_order (id, merchant, product_id, total_fee) VALUES ('A', 'shop', 'P', 1000)",
        "INSERT INTO gateway_query (order_id, merchant, why, due_at) VALUES ('A', 'shop', 'unpaid', '2026-01-01')",
    ] {
        sql_query(statement).execute(&mut connection).expect(statement);
    }
    Schema { connection, _sandbox: sandbox }
}

#[test]
fn every_column_has_a_bound_by_design() {
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        in_table: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let mut schema = schema();
    // `entitlement_end` is a view of columns that are here.
    let columns: Vec<Column> = sql_query(
        "SELECT CAST(table_name AS CHAR) AS in_table, CAST(column_name AS CHAR) AS name \
         FROM information_schema.columns WHERE table_schema = DATABASE() \
         AND data_type IN ('char', 'varchar', 'varbinary', 'binary', 'tinytext', 'text', 'mediumtext', \
         'longtext', 'blob', 'mediumblob') AND table_name NOT LIKE '\\_\\_%' \
         AND table_name <> 'entitlement_end'",
    )
    .load(&mut schema.connection)
    .expect("columns");
    let mut found: Vec<(String, String)> =
        columns.into_iter().map(|column| (column.in_table, column.name)).collect();
    found.sort();
    let mut explained: Vec<(String, String)> = COLUMNS
        .iter()
        .flat_map(|(of, columns)| columns.iter().map(|(name, _)| (*of, *name)))
        .chain(["trade", "user_order"].into_iter().flat_map(|of| PARTIES.map(|name| (of, name))))
        .map(|(of, name)| (of.to_owned(), name.to_owned()))
        .collect();
    explained.sort();
    assert_eq!(found, explained, "a column that nobody has thought about");
}

/// Of what goes into a table nothing is cut on the way: values are `MEDIUMTEXT`, keys `VARCHAR` of the column's length, and
/// what goes into a `TEXT` column is an expression.
#[test]
fn no_value_passes_a_narrow_type() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut files = vec![folder.to_path_buf()];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).expect("a folder").map(|it| it.expect("it").path()));
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        for name in ["error", "note", "headers"].into_iter().chain(PARTIES) {
            for (at, _) in text.match_indices(&format!("j.{name}")) {
                assert!(text[..at].ends_with("CONCAT("), "{}: a bare j.{name}", path.display());
            }
        }
        for (at, _) in text.match_indices("TEXT CHARACTER SET") {
            seen += 1;
            assert!(text[..at].ends_with("MEDIUM"), "{}: a TEXT that cuts", path.display());
        }
        // What is longer than these has been refused long before: see `Bound::Checked` and `Bound::Ours`.
        for (at, _) in text.match_indices(") CHARACTER SET utf8mb4 PATH") {
            let length = text[..at].rsplit("VARCHAR(").next().unwrap_or_default();
            assert!(
                ["32", "64", "255", "512"].contains(&length),
                "{}: VARCHAR({length})",
                path.display()
            );
        }
    }
    assert!(seen > 10, "{seen}");
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = Nullable<BigInt>)]
    bytes: Option<i64>,
}

fn bytes(connection: &mut Connection, query: &str) -> Option<i64> {
    sql_query(query).get_result::<Kept>(connection).expect(query).bytes
}

fn record<'a>(id: &'a str, form: &'a str, changes: Option<String>) -> InboxRow<'a> {
    InboxRow {
        merchant: "shop",
        kind: "batch_refund",
        message_id: id,
        order_id: None,
        trade_no: None,
        trade_status: None,
        charset: "utf-8",
        form,
        outcome: MessageOutcome::Applied,
        dies: false,
        reason: None,
        error: None,
        facts_added: String::new(),
        changes,
        attempts: 0,
        received_at: "2026-01-01T00:00:00Z".parse().expect("a time"),
    }
}

#[test]
fn long_values_are_whole_refused_or_marked() {
    let mut schema = schema();
    let db = &mut schema.connection;
    let long = "单".repeat(30_000);
    let now = chrono::Utc::now();

    // Whole, in one column or the other, and a repeat without changes keeps them.
    for (id, length) in [("short", 65_535_usize), ("long", 65_536), ("longer", 1_000_000)] {
        let mut one = record(id, &long, Some("x".repeat(length)));
        notification::upsert(db, std::slice::from_ref(&one)).expect("recorded");
        one.changes = None;
        notification::upsert(db, &[one]).expect("recorded");
        let kept = format!(
            "SELECT LENGTH(COALESCE(long_changes, changes)) AS bytes FROM notification \
             WHERE message_id = '{id}' AND LENGTH(form) = 90000"
        );
        assert_eq!(bytes(db, &kept), i64::try_from(length).ok());
    }

    // Refused, as the data's fault, which leaves the message alone to become a dead letter.
    let mut of_a_stranger = record("error", "a=1", None);
    of_a_stranger.error = Some(&long);
    let error = notification::upsert(db, &[of_a_stranger]).expect_err("it is too long");
    assert_eq!(error.kind(), ErrorKind::Data);
    let told = |request_no: &str, result: &str| Refund {
        trade_no: "T".to_owned(),
        refund_key: request_no.to_owned(),
        request_no: request_no.to_owned(),
        running_total: None,
        amount: Some(Fen::new(1)),
        result: Some(result.to_owned()),
        gmt_refund: None,
    };
    for refund in [told(&long, "SUCCESS"), told("R", &long), told(&"x".repeat(256), "SUCCESS")] {
        let error = refund::upsert(db, &[("shop", &refund)]).expect_err("it is too long");
        assert_eq!(error.kind(), ErrorKind::Data);
    }
    let terms = OrderTerms {
        id: "A".to_owned(),
        merchant: "shop".to_owned(),
        total_fee: Fen::new(1000),
        created_at: now,
        expires_at: None,
    };
    let record = OrderRecord::new(terms, ProductKind::Stock);
    let mut state = record.state();
    state.parties = Parties { buyer_id: Some(long.clone()), ..Parties::default() };
    let error = user_order::update(
        db,
        &[OrderColumns { record: &record, state: &state, needs_review: false }],
    );
    assert_eq!(error.expect_err("it is too long").kind(), ErrorKind::Data);

    sql_query("INSERT INTO trade (order_id, trade_no) VALUES ('A', 'T')")
        .execute(db)
        .expect("a trade");
    for length in [65_536_usize, 90_000] {
        let mut trade = Trade::new("T");
        trade.parties.receive_address = Some("x".repeat(length));
        let error = trade::update(db, &[("A", &trade)]).expect_err("it is too long");
        assert_eq!(error.kind(), ErrorKind::Data);
    }
    let mut trade = Trade::new("T");
    trade.parties.receive_address = Some("x".repeat(65_535));
    trade::update(db, &[("A", &trade)]).expect("it fits");
    let kept = "SELECT LENGTH(receive_address) AS bytes FROM trade";
    assert_eq!(bytes(db, kept), Some(65_535));

    // Cut and marked.
    let leased_until = Some("2026-01-01T00:00:00Z".parse().expect("a time"));
    let note = gateway_query::QueryNote {
        order_id: "A",
        why: QueryReason::Unpaid,
        leased_until,
        due_at: Some(now),
        answer: Some(&long),
        error: Some(&long),
    };
    gateway_query::note(db, &[note]).expect("noted");
    let marked = "SELECT LENGTH(answer) AS bytes FROM gateway_query \
                  WHERE error LIKE '单%… (cut: 90000 bytes)' AND LENGTH(error) < 4200 AND asked = 1";
    assert_eq!(bytes(db, marked), Some(63));
}

/// The tables are strict for us, whatever the server is for others.
#[test]
fn every_connection_is_strict() {
    let sandbox = Sandbox::database_only();
    let mut connection = Pool::new(&sandbox.database_url, 1).get().expect("a connection");
    let strict = "SELECT LOCATE('STRICT_ALL_TABLES', @@SESSION.sql_mode) AS bytes";
    assert!(bytes(&mut connection, strict) > Some(0));
}

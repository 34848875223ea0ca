//! The kind of an error, told from the numbers of a real server.
//!
//! One private server, since its settings are turned over. Not provoked: a full disk (1021, 1030;
//! a full MEMORY table says the same as a full tablespace, 1114).

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::{Connection as _, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use store::{Connection, DatabaseSettings, ErrorKind, Pool, StoreError, migrate, redelivery};
use testkit::{Database, FaultProxy, Folder, until_ok};

/// A minute, unless somebody ends it.
const SLOW: &str = "UPDATE product SET price = price + 1 WHERE SLEEP(60)";

struct Server {
    database: Database,
    _folder: Arc<Folder>,
}

impl Server {
    /// With the schema, a product `P`, and users that are not root.
    fn start() -> Server {
        let folder = Arc::new(Folder::create().expect("a folder"));
        let server =
            Server { database: Database::start(&folder).expect("a server"), _folder: folder };
        let mut root = server.root();
        migrate::run(&mut root, drop).expect("the schema");
        run(
            &mut root,
            "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'manual', 1); \
             INSERT INTO user_order (id, merchant, product_id, total_fee) VALUES ('A', 's', 'P', 9), ('B', 's', 'P', 9); \
             CREATE USER shop@'%'; GRANT ALL ON alipay.* TO shop@'%'; \
             CREATE USER single@'%' WITH MAX_USER_CONNECTIONS 1; GRANT ALL ON alipay.* TO single@'%'; \
             CREATE TABLE doubled (n BIGINT NOT NULL, price BIGINT NULL); INSERT INTO doubled VALUES (9000000000000000000, 1)",
        )
        .expect("rows");
        server
    }

    fn root(&self) -> Connection {
        Pool::new(&self.database.url(), 1).get().expect("a connection")
    }

    fn shop(&self) -> Connection {
        Pool::new(&self.url_of("shop"), 1).get().expect("a connection")
    }

    fn url_of(&self, user: &str) -> String {
        self.database.url().replace("root@", &format!("{user}@"))
    }
}

/// Through `batch_execute`, as diesel runs BEGIN and COMMIT: the kind of the error is lost.
fn run(connection: &mut Connection, statements: &str) -> Result<(), StoreError> {
    Ok(connection.batch_execute(statements)?)
}

/// Through a prepared statement, as this crate runs everything.
fn prepared(connection: &mut Connection, statement: &str) -> Result<(), StoreError> {
    sql_query(statement).execute(connection)?;
    Ok(())
}

fn id_of(connection: &mut Connection) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let row: Row = sql_query("SELECT CONNECTION_ID() AS id").get_result(connection).expect("an id");
    row.id
}

/// It failed with one of these numbers, and it is of this kind.
fn expect(what: &str, result: Result<(), StoreError>, numbers: &[u16], kind: ErrorKind) {
    let error = result.expect_err(what);
    println!("{what}: {:?} {error:?}", error.number());
    assert!(error.number().is_some_and(|it| numbers.contains(&it)), "{what}: {error:?}");
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
}

fn infrastructure(what: &str, result: Result<(), StoreError>, numbers: &[u16]) {
    expect(what, result, numbers, ErrorKind::Infrastructure);
}

/// The line ended, so there is no number.
fn lost(what: &str, result: Result<(), StoreError>) {
    let error = result.expect_err(what);
    println!("{what}: {error:?}");
    assert_eq!(
        (error.number(), error.kind()),
        (None, ErrorKind::Infrastructure),
        "{what}: {error:?}"
    );
}

/// Statements that fail by their data, with the numbers of MariaDB and MySQL.
fn by_data() -> Vec<(&'static str, String, Vec<u16>)> {
    let long = "x".repeat(300);
    [
        ("too long", format!("UPDATE product SET name = '{long}' WHERE id = 'P'"), vec![1406]),
        ("out of range", "UPDATE user_order SET status = 99999 WHERE id = 'A'".to_owned(), vec![1264]),
        ("out of range while computing", "UPDATE doubled SET price = n * 2".to_owned(), vec![1690]),
        (
            "no date",
            "UPDATE user_order SET paid_dtime = '2026-02-31' WHERE id = 'A'".to_owned(),
            vec![1292],
        ),
        ("no number", "UPDATE user_order SET total_fee = 'x' WHERE id = 'A'".to_owned(), vec![1366]),
        ("no utf-8", "UPDATE product SET name = x'FF' WHERE id = 'P'".to_owned(), vec![1366]),
        ("not in the enumeration", "UPDATE product SET kind = 'x' WHERE id = 'P'".to_owned(), vec![1265]),
        ("check", "UPDATE user_order SET total_fee = 0 WHERE id = 'A'".to_owned(), vec![4025, 3819]),
        ("null", "UPDATE user_order SET quantity = NULL WHERE id = 'A'".to_owned(), vec![1048]),
        (
            "foreign key of a child",
            "INSERT INTO user_order (id, merchant, product_id, total_fee) VALUES ('C', 's', 'none', 1)"
                .to_owned(),
            vec![1452],
        ),
        ("foreign key of a parent", "DELETE FROM product WHERE id = 'P'".to_owned(), vec![1451]),
    ]
    .to_vec()
}

#[test]
fn what_a_server_says_about_data() {
    let server = Server::start();
    let shop = &mut server.shop();
    for (what, statement, numbers) in by_data() {
        expect(what, prepared(shop, &statement), &numbers, ErrorKind::Data);
        expect(what, run(shop, &statement), &numbers, ErrorKind::Data);
    }
    // Through a statement of this crate.
    let long = "x".repeat(300);
    let suspect = redelivery::RedeliveredMessage {
        message_id: &long,
        ..redelivery::RedeliveredMessage::default()
    };
    expect(
        "key too long",
        redelivery::count_up(shop, &suspect).map(drop),
        &[1406],
        ErrorKind::Data,
    );

    // It may have an answer when it is tried again: the row is seen then. Or it is a key of the shop's.
    let twice = "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'manual', 1)";
    expect("twice", prepared(shop, twice), &[1062], ErrorKind::Unknown);
    // A trigger of the shop's.
    run(
        &mut server.root(),
        "CREATE TRIGGER no_more BEFORE INSERT ON product FOR EACH ROW SIGNAL SQLSTATE '45000'",
    )
    .expect("a trigger");
    let another = "INSERT INTO product (id, name, kind, price) VALUES ('Q', 'q', 'manual', 1)";
    expect("signal", prepared(shop, another), &[1644], ErrorKind::Unknown);
}

/// The same errors have the same numbers in every language.
#[test]
fn the_language_of_the_server_does_not_matter() {
    let server = Server::start();
    run(&mut server.root(), "SET GLOBAL lc_messages = 'zh_CN'").expect("a language");
    let shop = &mut server.shop();
    let english = prepared(shop, "SELECT nothing").expect_err("no such column").to_string();
    assert!(english.contains("Unknown column"), "the session speaks English: {english}");
    // Where the session may not choose.
    run(shop, "SET SESSION lc_messages = 'zh_CN'").expect("a language");
    for (what, statement, numbers) in by_data() {
        expect(what, prepared(shop, &statement), &numbers, ErrorKind::Data);
    }
    expect("syntax", prepared(shop, "SELEC 1"), &[1064], ErrorKind::Statement);
}

/// A warning of the same statement comes before the error, and is not mistaken for it.
#[test]
fn the_number_is_the_errors_and_not_a_warnings() {
    let server = Server::start();
    let shop = &mut server.shop();
    run(shop, "SET SESSION sql_mode = ''").expect("a value that does not fit is a warning");
    let statement = "INSERT INTO product (id, name, kind, price) \
                     VALUES ('Q', 'q', 'manual', '2x'), ('P', 'p', 'manual', 1)";
    expect("twice, after a warning", prepared(shop, statement), &[1062], ErrorKind::Unknown);
}

/// A statement that can never succeed here is named.
#[test]
fn a_statement_that_the_server_refuses_is_a_statement_error() {
    let server = Server::start();
    let shop = &mut server.shop();
    for (statement, number) in [
        ("SELECT FROM WHERE", 1064),
        ("SELECT no_such_function(1)", 1305),
        ("SELECT id FROM no_such_table", 1146),
        ("SELECT no_such_column FROM product", 1054),
        ("INSERT INTO user_order (id) VALUES ('X')", 1364),
        ("SELECT * FROM mysql.user", 1142),
    ] {
        let error = prepared(shop, statement).expect_err(statement);
        assert_eq!(
            (error.number(), error.kind()),
            (Some(number), ErrorKind::Statement),
            "{error:?}"
        );
        assert_eq!(error.statement(), Some(statement));
    }
}

/// The driver knows the server's limit and does not send it: the connection is given up, the message
/// is the one to blame.
#[test]
fn a_packet_that_is_too_large_is_a_data_error() {
    let server = Server::start();
    run(&mut server.root(), "SET GLOBAL max_allowed_packet = 65536").expect("a limit");
    for size in [65_600, 1_000_000, 17_000_000] {
        let select = sql_query("SELECT LENGTH(?)").bind::<Text, _>("x".repeat(size));
        let result = select.execute(&mut server.shop()).map(drop).map_err(StoreError::from);
        let error = result.expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::Data, "{size}: {error:?}");
    }
}

#[test]
fn what_a_server_says_when_it_is_an_infrastructure_error() {
    let server = Server::start();
    let root = &mut server.root();

    let (mut first, mut second) = (server.shop(), server.shop());
    let lock = |connection: &mut Connection, id: &str| {
        prepared(connection, &format!("UPDATE user_order SET quantity = 2 WHERE id = '{id}'"))
    };
    run(&mut first, "BEGIN").expect("a transaction");
    lock(&mut first, "A").expect("a lock");
    run(&mut second, "SET SESSION innodb_lock_wait_timeout = 1; BEGIN").expect("a transaction");
    lock(&mut second, "B").expect("a lock");
    infrastructure("lock wait", lock(&mut second, "A"), &[1205]);
    run(&mut second, "SET SESSION innodb_lock_wait_timeout = 10").expect("patience");
    let (first_result, second_result) = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&mut second, "A"));
        let result = lock(&mut first, "B");
        run(&mut first, "ROLLBACK").expect("the end");
        (result, waiting.join().expect("no panic"))
    });
    let deadlock = if first_result.is_err() { first_result } else { second_result };
    infrastructure("deadlock", deadlock, &[1213]);
    drop(second);

    // DDL that waits for a transaction, and a statement that waits behind it: both end soon.
    run(&mut first, "BEGIN; SELECT COUNT(*) FROM product").expect("a transaction");
    let mut migrating = server.shop();
    run(&mut migrating, "SET SESSION lock_wait_timeout = 1").expect("short");
    infrastructure("DDL", run(&mut migrating, "ALTER TABLE product ADD COLUMN more INT"), &[1205]);
    run(&mut first, "ROLLBACK").expect("the end");

    let mut idle = server.shop();
    run(root, &format!("KILL {}", id_of(&mut idle))).expect("killed");
    lost("killed while idle, BEGIN", run(&mut idle, "BEGIN"));
    let mut idle = server.shop();
    run(root, &format!("KILL {}", id_of(&mut idle))).expect("killed");
    lost("killed while idle", prepared(&mut idle, "SELECT 1"));
    lost("and again", prepared(&mut idle, "SELECT 1"));
    for statement in ["KILL", "KILL QUERY"] {
        let mut busy = server.shop();
        let id = id_of(&mut busy);
        let killed = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| prepared(&mut busy, SLOW));
            let is_busy = "information_schema.processlist WHERE state = 'User sleep' AND id =";
            until(root, &format!("SELECT COUNT(*) AS id FROM {is_busy} {id}"));
            run(root, &format!("{statement} {id}")).expect("killed");
            waiting.join().expect("no panic")
        });
        let error = killed.expect_err("killed");
        let known = matches!(error.number(), None | Some(1317 | 1927));
        assert!(known && error.kind() == ErrorKind::Infrastructure, "{statement}: {error:?}");
    }

    let settings = DatabaseSettings::new(server.url_of("shop"));
    let settings = settings.with_timeout(Duration::from_millis(900));
    let mut limited = Pool::new(settings, 1).get().expect("a connection");
    let slow = prepared(&mut limited, "SELECT SLEEP(60) FROM product FOR UPDATE");
    // MySQL ends a SELECT, and SLEEP says that it was ended by its result.
    if let Err(error) = &slow {
        assert!(matches!(error.number(), None | Some(1969 | 3024)), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Infrastructure, "{error:?}");
    }

    run(root, "SET GLOBAL read_only = 1").expect("read only");
    infrastructure("read-only", lock(&mut server.shop(), "A"), &[1290]);
    run(root, "SET GLOBAL read_only = 0").expect("read and write");
    let mut reader = server.shop();
    run(&mut reader, "START TRANSACTION READ ONLY").expect("a transaction");
    infrastructure("read-only transaction", lock(&mut reader, "A"), &[1792]);

    let pool = Pool::new(&server.url_of("single"), 2);
    let _only = pool.get().expect("a connection");
    let none = pool.get().map(drop).expect_err("too many");
    assert!(none.to_string().contains("limit of connections"), "{none}");
    assert_eq!(none.kind(), ErrorKind::Infrastructure);

    run(
        root,
        "SET SESSION max_heap_table_size = 16384; \
         CREATE TABLE small (word CHAR(255)) ENGINE = MEMORY; \
         INSERT INTO small VALUES (''), (''), (''), (''), (''), (''), (''), ('')",
    )
    .expect("a small table");
    let full = (0..9).find_map(|_| prepared(root, "INSERT INTO small SELECT * FROM small").err());
    infrastructure("full", full.map_or(Ok(()), Err), &[1114]);
}

/// A server that is told to be read-only is another's replica now: its connections are thrown away, all of
/// them, and the next one is made anew.
#[test]
fn a_connection_that_is_read_only_is_not_used_again() {
    let server = Server::start();
    let pool = Pool::new(&server.url_of("shop"), 2);
    let (mut one, mut two) = (pool.get().expect("one"), pool.get().expect("two"));
    let before = [id_of(&mut one), id_of(&mut two)];
    run(&mut server.root(), "SET GLOBAL read_only = 1").expect("read only");
    infrastructure("read-only", redelivery::probe(&mut one), &[1290]);
    drop((one, two));
    run(&mut server.root(), "SET GLOBAL read_only = 0").expect("read and write");
    let (mut one, mut two) = (pool.get().expect("one"), pool.get().expect("two"));
    assert!(!before.contains(&id_of(&mut one)) && !before.contains(&id_of(&mut two)));
    redelivery::probe(&mut one).expect("a write");
}

#[test]
fn a_connection_that_is_cut_is_an_infrastructure_error() {
    let server = Server::start();
    let line = FaultProxy::in_front_of(&server.database.url()).expect("a proxy");
    let pool = Pool::new(&line.url(&server.database.url()), 1);
    let mut connection = pool.get().expect("a connection");
    line.cut();
    lost("cut while idle", prepared(&mut connection, "SELECT 1"));
    drop(connection);
    let refused = pool.get().map(drop).expect_err("refused");
    assert!(refused.to_string().contains("127.0.0.1"), "{refused}");
    assert_eq!(refused.kind(), ErrorKind::Infrastructure);
    line.resume();
    let mut connection = pool.get().expect("the pool has thrown the dead connection away");
    // In the middle of an answer.
    line.cut_after(500);
    lost("cut in an answer", prepared(&mut connection, "SELECT REPEAT('x', 100000)"));
}

/// A silent line does not keep a caller forever, nor a connection that is being made.
#[test]
fn a_silent_line_ends_within_the_limit() {
    let server = Server::start();
    let line = FaultProxy::in_front_of(&server.database.url()).expect("a proxy");
    let settings = DatabaseSettings::new(line.url(&server.database.url()));
    let pool = Pool::new(settings.with_timeout(Duration::from_millis(500)), 1);
    let mut connection = pool.get().expect("a connection");
    line.black_hole();
    let error =
        connection.transaction(|connection| redelivery::probe(connection)).expect_err("silent");
    assert!(error.to_string().contains("no answer within 0.5 s"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Infrastructure);
    drop(connection);
    let none = pool.get().map(drop).expect_err("still silent");
    assert_eq!(none.kind(), ErrorKind::Infrastructure);
    line.resume();
    until_ok("the database answers again", || pool.get());
}

/// Waits until a number is not 0.
fn until(connection: &mut Connection, query: &str) {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    testkit::until(query, || sql_query(query).get_result::<Row>(connection).expect(query).id != 0);
}

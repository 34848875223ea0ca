//! Whose fault an error is, told from what a real server says.
//!
//! One private server, since its settings are turned over. Not provoked: a full disk (1021, 1030;
//! a full MEMORY table says the same as a full tablespace, 1114), and everything of MySQL: its words
//! are in the unit test of `error.rs`, from its manual.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use store::{Connection, Fault, Pool, StoreError, migrate, redelivery};
use testkit::{Database, FaultProxy, Folder};

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
        migrate::run(&mut root).expect("the schema");
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

/// It failed, with these words, and it is this fault.
fn expect(what: &str, result: Result<(), StoreError>, words: &[&str], fault: Fault) {
    let error = result.expect_err(what);
    println!("{what}: {error:?}");
    let said = error.to_string();
    assert!(words.iter().any(|words| said.contains(words)), "{what}: {said}");
    assert_eq!(error.fault(), fault, "{what}: {said}");
}

fn infrastructure(what: &str, result: Result<(), StoreError>, words: &[&str]) {
    expect(what, result, words, Fault::Infrastructure);
}

#[test]
fn what_a_server_says_about_data() {
    let server = Server::start();
    let shop = &mut server.shop();
    let long = "x".repeat(300);
    for (what, statement, words) in [
        (
            "too long (1406)",
            format!("UPDATE product SET name = '{long}' WHERE id = 'P'"),
            "Data too long for column 'name'",
        ),
        (
            "out of range (1264)",
            "UPDATE user_order SET status = 99999 WHERE id = 'A'".to_owned(),
            "Out of range value for column 'status'",
        ),
        (
            "out of range while computing (1690)",
            "UPDATE doubled SET price = n * 2".to_owned(),
            "BIGINT value is out of range",
        ),
        (
            "no date (1292)",
            "UPDATE user_order SET paid_dtime = '2026-02-31' WHERE id = 'A'".to_owned(),
            "Incorrect datetime value: '2026-02-31'",
        ),
        (
            "no number (1366)",
            "UPDATE user_order SET total_fee = 'x' WHERE id = 'A'".to_owned(),
            "Incorrect integer value: 'x'",
        ),
        (
            "no utf-8 (1366)",
            "UPDATE product SET name = x'FF' WHERE id = 'P'".to_owned(),
            "Incorrect string value: '\\xFF'",
        ),
        (
            "not in the enumeration (1265)",
            "UPDATE product SET kind = 'x' WHERE id = 'P'".to_owned(),
            "Data truncated for column 'kind'",
        ),
        (
            "check constraint (4025)",
            "UPDATE user_order SET total_fee = 0 WHERE id = 'A'".to_owned(),
            "CONSTRAINT `user_order_total_positive` failed",
        ),
        (
            "null (1048)",
            "UPDATE user_order SET quantity = NULL WHERE id = 'A'".to_owned(),
            "Column 'quantity' cannot be null",
        ),
        (
            "foreign key (1452)",
            "INSERT INTO user_order (id, merchant, product_id, total_fee) VALUES ('C', 's', 'none', 1)".to_owned(),
            "a foreign key constraint fails",
        ),
        (
            "foreign key (1451)",
            "DELETE FROM product WHERE id = 'P'".to_owned(),
            "a foreign key constraint fails",
        ),
    ] {
        expect(what, prepared(shop, &statement), &[words], Fault::Data);
        expect(what, run(shop, &statement), &[words], Fault::Data);
    }
    // Through a statement of this crate.
    expect("key too long", redelivery::count_up(shop, &long).map(drop), &["Data too"], Fault::Data);

    // 1062 has an answer when it is tried again: the row is seen then.
    let twice = "INSERT INTO product (id, name, kind, price) VALUES ('P', 'p', 'manual', 1)";
    expect("twice (1062)", prepared(shop, twice), &["Duplicate entry"], Fault::Infrastructure);
    // What a value says is not what the server says.
    let quoted = "Data too long for column cannot be null";
    let quotes = format!(
        "INSERT INTO product (id, name, kind, price) VALUES ('{quoted}', 'p', 'manual', 1)"
    );
    prepared(shop, &quotes).expect("a product");
    expect("a quotation", prepared(shop, &quotes), &[quoted], Fault::Infrastructure);
    expect("a quotation", run(shop, &quotes), &[quoted], Fault::Infrastructure);
}

/// The server answers and closes, and a client that still writes sees the end alone. What it does
/// not see the words of is infrastructure, and tried for ever: batches must stay below the limit.
#[test]
fn a_packet_that_is_too_large_is_the_datas_fault_if_the_server_is_heard() {
    let server = Server::start();
    run(&mut server.root(), "SET GLOBAL max_allowed_packet = 65536").expect("a limit");
    let send = |size| {
        let select = sql_query("SELECT LENGTH(?)").bind::<Text, _>("x".repeat(size));
        select.execute(&mut server.shop()).map(drop).map_err(StoreError::from)
    };
    let words = "Got a packet bigger than 'max_allowed_packet' bytes";
    for size in [65_600, 1_000_000, 17_000_000] {
        let result = send(size);
        match &result {
            Err(error) if error.to_string().contains(words) => {
                expect("too large (1153)", result, &[words], Fault::Data);
            }
            _ => infrastructure("too large, unheard", result, &["gone away", "Lost connection"]),
        }
    }
}

#[test]
fn what_a_server_says_when_it_is_nobodys_fault() {
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
    infrastructure("lock wait (1205)", lock(&mut second, "A"), &["Lock wait timeout exceeded"]);
    run(&mut second, "SET SESSION innodb_lock_wait_timeout = 10").expect("patience");
    let (first_result, second_result) = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| lock(&mut second, "A"));
        let result = lock(&mut first, "B");
        run(&mut first, "ROLLBACK").expect("the end");
        (result, waiting.join().expect("no panic"))
    });
    let deadlock = if first_result.is_err() { first_result } else { second_result };
    infrastructure("deadlock (1213)", deadlock, &["Deadlock found"]);
    drop(second);

    let mut idle = server.shop();
    run(root, &format!("KILL {}", id_of(&mut idle))).expect("killed");
    let gone = ["gone away", "Lost connection", "Connection was killed"];
    infrastructure("killed while idle, BEGIN", run(&mut idle, "BEGIN"), &gone);
    let mut idle = server.shop();
    run(root, &format!("KILL {}", id_of(&mut idle))).expect("killed");
    infrastructure("killed while idle", prepared(&mut idle, "SELECT 1"), &gone);
    for statement in ["KILL", "KILL QUERY"] {
        let mut busy = server.shop();
        let id = id_of(&mut busy);
        let killed = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| prepared(&mut busy, SLOW));
            let is_busy = "information_schema.processlist WHERE command = 'Execute' AND id =";
            until(root, &format!("SELECT COUNT(*) AS id FROM {is_busy} {id}"));
            run(root, &format!("{statement} {id}")).expect("killed");
            waiting.join().expect("no panic")
        });
        let words = [&gone[..], &["Query execution was interrupted"]].concat();
        infrastructure(&format!("{statement} while busy"), killed, &words);
    }

    let limit = Duration::from_millis(300);
    let mut limited =
        Pool::with_statement_limit(&server.url_of("shop"), 1, limit).get().expect("a connection");
    let slow = prepared(&mut limited, SLOW);
    infrastructure("statement limit (1969)", slow, &["max_statement_time exceeded"]);

    run(root, "SET GLOBAL read_only = 1").expect("read only");
    infrastructure("read-only (1290)", lock(&mut server.shop(), "A"), &["--read-only option"]);
    run(root, "SET GLOBAL read_only = 0").expect("read and write");
    let mut reader = server.shop();
    run(&mut reader, "START TRANSACTION READ ONLY").expect("a transaction");
    infrastructure("read-only (1792)", lock(&mut reader, "A"), &["READ ONLY transaction"]);

    let pool = Pool::new(&server.url_of("single"), 2);
    let _only = pool.get().expect("a connection");
    infrastructure(
        "too many connections (1226)",
        pool.get().map(drop),
        &["no database connection"],
    );

    run(
        root,
        "SET SESSION max_heap_table_size = 16384; \
         CREATE TABLE small (word CHAR(255)) ENGINE = MEMORY; \
         INSERT INTO small VALUES (''), (''), (''), (''), (''), (''), (''), ('')",
    )
    .expect("a small table");
    let full = (0..9).find_map(|_| prepared(root, "INSERT INTO small SELECT * FROM small").err());
    infrastructure("full (1114)", full.map_or(Ok(()), Err), &["The table 'small' is full"]);

    // A schema that is not the program's: no message may be given up for it.
    let count_up = |root: &mut Connection| redelivery::count_up(root, "m").map(drop);
    run(root, "ALTER TABLE redelivery RENAME COLUMN count TO counted").expect("another schema");
    infrastructure("unknown column (1054)", count_up(root), &["Unknown column 'count'"]);
    run(root, "ALTER TABLE redelivery RENAME COLUMN counted TO count").expect("the schema");
    run(root, "ALTER TABLE redelivery ADD COLUMN newer INT NOT NULL").expect("a newer schema");
    infrastructure("no default (1364)", count_up(root), &["doesn't have a default value"]);
    run(root, "DROP TABLE redelivery").expect("an older schema");
    infrastructure("missing table (1146)", count_up(root), &["doesn't exist"]);
    let denied = prepared(&mut server.shop(), "SELECT * FROM mysql.user");
    infrastructure("denied (1142)", denied, &["command denied"]);
}

#[test]
fn a_line_that_is_cut_is_nobodys_fault() {
    let server = Server::start();
    let line = FaultProxy::in_front_of(&server.database.url()).expect("a proxy");
    let pool = Pool::new(&line.url(&server.database.url()), 1);
    let mut connection = pool.get().expect("a connection");
    let gone = ["gone away", "Lost connection"];
    line.cut();
    let result = prepared(&mut connection, "SELECT 1");
    expect("cut while idle", result, &gone, Fault::Infrastructure);
    drop(connection);
    expect("refused", pool.get().map(drop), &["no database connection"], Fault::Infrastructure);
    line.resume();
    let mut connection = pool.get().expect("the pool has thrown the dead connection away");
    // In the middle of an answer.
    line.cut_after(500);
    let result = prepared(&mut connection, "SELECT REPEAT('x', 100000)");
    expect("cut in an answer", result, &gone, Fault::Infrastructure);
}

/// Looks again and again until a number is not 0.
fn until(connection: &mut Connection, query: &str) {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    while sql_query(query).get_result::<Row>(connection).expect(query).id == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
}

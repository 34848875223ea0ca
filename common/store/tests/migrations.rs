//! Bringing a schema up to date: after a kill, beside a transaction, in a schema that is not ours.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use store::migrate::{self, MigrationError};
use store::{Connection, Pool};
use testkit::Sandbox;

fn connect(sandbox: &Sandbox) -> Connection {
    Pool::new(&sandbox.database_url, 1).get().expect("a connection")
}

/// Folders of migrations, in order, each with its statements.
fn migrations() -> Vec<(String, Vec<String>)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations"));
    let entries = std::fs::read_dir(folder).expect("migrations");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder").path()).collect();
    folders.sort();
    let read = |folder: &PathBuf| {
        let name = folder.file_name().expect("a name").to_string_lossy();
        let version = name.split('_').next().expect("a version").replace('-', "");
        let text = std::fs::read_to_string(folder.join("up.sql")).expect("up.sql");
        let code: String = text.lines().filter(|line| !line.starts_with("--")).fold(
            String::new(),
            |mut code, line| {
                code.push_str(line);
                code.push('\n');
                code
            },
        );
        let statements = code.split(";\n").map(str::trim).filter(|it| !it.is_empty());
        (version, statements.map(str::to_owned).collect())
    };
    folders.iter().map(read).collect()
}

/// Every column and index of the schema.
fn shape(connection: &mut Connection) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let lines: Vec<Line> = sql_query(
        "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default) AS line \
         FROM information_schema.columns WHERE table_schema = DATABASE() \
         UNION ALL \
         SELECT CONCAT_WS(' ', table_name, index_name, seq_in_index, column_name) \
         FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1",
    )
    .load(connection)
    .expect("the shape");
    lines.into_iter().map(|line| line.line).collect()
}

#[test]
fn a_run_that_was_killed_is_gone_on_with() {
    let whole = Sandbox::database_only();
    let mut connection = connect(&whole);
    let ran = migrate::run(&mut connection, drop).expect("the schema");
    let migrations = migrations();
    assert_eq!(ran, migrations.iter().map(|(version, _)| version.clone()).collect::<Vec<_>>());
    assert_eq!(migrate::run(&mut connection, drop).expect("again"), Vec::<String>::new());
    let expected = shape(&mut connection);

    // After each statement of those that have several, and after the last of each that has one.
    for (at, (version, statements)) in migrations.iter().enumerate() {
        if statements.len() == 1 && at + 1 < migrations.len() {
            continue;
        }
        for done in 1..=statements.len() {
            let sandbox = Sandbox::database_only();
            let mut connection = connect(&sandbox);
            connection
                .batch_execute(
                    "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
                     run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
                )
                .expect("the table of versions");
            for (earlier, statements) in &migrations[..at] {
                connection.batch_execute(&statements.join(";\n")).expect(earlier);
                // Of the very first, the record is lost as well.
                if earlier != &migrations[0].0 {
                    let record = format!(
                        "INSERT INTO __diesel_schema_migrations (version) VALUES ('{earlier}')"
                    );
                    connection.batch_execute(&record).expect(earlier);
                }
            }
            connection.batch_execute(&statements[..done].join(";\n")).expect(version);
            assert!(migrate::pending(&mut connection).expect("an answer"));
            migrate::run(&mut connection, drop)
                .unwrap_or_else(|error| panic!("after {done} statements of {version}: {error}"));
            assert!(!migrate::pending(&mut connection).expect("an answer"));
            assert_eq!(shape(&mut connection), expected, "after {done} statements of {version}");
        }
    }
}

#[test]
fn a_table_of_somebody_elses_is_left_alone() {
    for table in ["product", "user_order"] {
        let sandbox = Sandbox::database_only();
        let mut connection = connect(&sandbox);
        let make = format!("CREATE TABLE {table} (id INT PRIMARY KEY, name TEXT)");
        connection.batch_execute(&make).expect("a table of the shop's");
        let error = migrate::run(&mut connection, drop).expect_err("refused");
        let MigrationError::Foreign { table: named, missing, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(named, table);
        assert!(!missing.is_empty());
        assert!(error.to_string().contains("a schema of its own"), "{error}");
        connection.batch_execute(&format!("SELECT id, name FROM {table}")).expect("untouched");
    }
}

#[test]
fn a_transaction_that_keeps_a_table_in_use_is_waited_for_and_named() {
    let sandbox = Sandbox::database_only();
    let mut shop = connect(&sandbox);
    let mut connection = connect(&sandbox);
    migrate::run(&mut connection, drop).expect("the schema");
    // The last one again that alters the table.
    let alters =
        |(_, up): &(String, Vec<String>)| up.iter().any(|it| it.starts_with("ALTER TABLE trade "));
    let (last, _) = migrations().into_iter().rfind(alters).expect("a migration");
    let forget = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{last}'");
    connection.batch_execute(&forget).expect("as before it");
    connection.batch_execute("SET SESSION lock_wait_timeout = 1").expect("short");
    shop.batch_execute("BEGIN; SELECT COUNT(*) FROM trade").expect("a transaction");
    let (says, said) = mpsc::channel();
    let ran = std::thread::scope(|scope| {
        let migrating = scope
            .spawn(move || migrate::run(&mut connection, |line| says.send(line).expect("heard")));
        let line = said.recv().expect("it says that it waits");
        assert!(line.contains("waits for a transaction"), "{line}");
        shop.batch_execute("COMMIT").expect("the end");
        migrating.join().expect("no panic")
    });
    assert_eq!(ran.expect("the schema"), [last]);
}

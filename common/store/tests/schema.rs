//! `src/schema.rs` is what the migrations leave, and a word that no variant knows is an error that says where it stands.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use store::{Connection, ErrorKind, Pool, StoreError, migrate, refund_request};
use testkit::Sandbox;

/// By table and column: the type, and whether it can be NULL.
type Columns = BTreeMap<(String, String), (String, bool)>;

/// What `schema.rs` says, with the columns of primary keys.
fn declared() -> (Columns, BTreeSet<(String, String)>) {
    let (mut columns, mut keys) = (Columns::new(), BTreeSet::new());
    let (mut table, mut sql_name) = (String::new(), None);
    for line in include_str!("../src/schema.rs").lines().map(str::trim) {
        if let Some((name, key)) = line.strip_suffix(") {").and_then(|it| it.split_once(" (")) {
            table = name.to_owned();
            keys.extend(key.split(", ").map(|column| (table.clone(), column.to_owned())));
        } else if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            sql_name = name.strip_suffix("\"]");
        } else if let Some((name, of)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = of.strip_prefix("Nullable<").and_then(|it| it.strip_suffix('>'));
            let name = sql_name.take().unwrap_or(name).to_owned();
            let of = (inner.unwrap_or(of).to_owned(), inner.is_some());
            columns.insert((table.clone(), name), of);
        }
    }
    // `schema.rs` says why it leaves these out there.
    let is_party =
        |column: &str| ["seller_", "buyer_", "receive_"].iter().any(|it| column.starts_with(it));
    let of_trade = columns.iter().filter(|((of, column), _)| of == "trade" && is_party(column));
    let parties: Columns = of_trade
        .map(|((_, column), of)| (("user_order".to_owned(), column.clone()), of.clone()))
        .collect();
    columns.extend(parties);
    (columns, keys)
}

/// Whether a column of this type of the server may be declared so.
fn fits(declared: &str, data_type: &str) -> bool {
    match data_type {
        "varbinary" | "enum" => declared == "Text" || declared.starts_with("EnumText<"),
        "varchar" | "text" | "mediumtext" => declared == "Text",
        "set" => declared == "FactSet",
        "bigint" => matches!(declared, "BigInt" | "Money"),
        "int" => declared == "Integer",
        "smallint" => declared.starts_with("EnumNumber<"),
        "tinyint" => declared == "Bool",
        "datetime" => declared == "Moment",
        "binary" | "mediumblob" => declared == "Binary",
        _ => false,
    }
}

fn migrated() -> (Connection, Sandbox) {
    let sandbox = Sandbox::database_only();
    let mut connection = Pool::new(&sandbox.database_url, 1).get().expect("a connection");
    migrate::run(&mut connection, drop).expect("the schema");
    (connection, sandbox)
}

#[test]
fn the_schema_is_what_the_migrations_leave() {
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        of_table: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        data_type: String,
        #[diesel(sql_type = Text)]
        nullable: String,
        #[diesel(sql_type = Text)]
        key: String,
    }
    let (mut connection, _sandbox) = migrated();
    let there: Vec<Column> = sql_query(
        "SELECT CAST(table_name AS CHAR) AS of_table, CAST(column_name AS CHAR) AS name, \
         CAST(data_type AS CHAR) AS data_type, CAST(is_nullable AS CHAR) AS nullable, \
         CAST(column_key AS CHAR) AS `key` \
         FROM information_schema.columns WHERE table_schema = DATABASE() \
         AND table_name NOT LIKE '\\_\\_%' AND table_name <> 'entitlement_end'",
    )
    .load(&mut connection)
    .expect("columns");
    let (mut columns, mut keys) = declared();
    assert!(columns.len() > 200, "{}", columns.len());
    for Column { of_table, name, data_type, nullable, key } in there {
        let at = (of_table, name);
        let Some((of, is_nullable)) = columns.remove(&at) else { panic!("{at:?} is missing") };
        assert!(fits(&of, &data_type), "{at:?} is {data_type}, not {of}");
        assert_eq!(is_nullable, nullable == "YES", "{at:?}");
        assert_eq!(keys.remove(&at), key == "PRI", "{at:?}");
    }
    assert!(columns.is_empty() && keys.is_empty(), "no such columns: {columns:?} {keys:?}");
}

#[test]
fn an_unknown_word_says_where_it_stands() {
    let (mut connection, _sandbox) = migrated();
    sql_query(
        "INSERT INTO refund_request (request_no, merchant, order_id, trade_no, amount, is_rest, reason, asked_by, state) \
         VALUES ('R', 'shop', 'A', 'T', 1, TRUE, '', 'ops', 'of_tomorrow')",
    )
    .execute(&mut connection)
    .expect("a row");
    let error = refund_request::of_order(&mut connection, "A").expect_err("nobody knows the word");
    assert_eq!(error.kind(), ErrorKind::Data);
    let StoreError::Row { table, what } = error else { panic!("{error}") };
    assert_eq!(table, "refund_request");
    assert_eq!(what, "state is \"of_tomorrow\", which is not known");
}

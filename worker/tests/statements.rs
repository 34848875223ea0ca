//! How many statements a batch costs. Each is a round trip to the database, so their number must not grow with the
//! number of messages, and a new one is a decision: whoever adds it changes the table below.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use std::time::Duration;

use alipay::{Charset, Fen, Form, Md5Key, Notification, Protocol, Signer};
use chrono::Utc;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use order::MerchantAccount;
use queue::MessageKind;
use simulator::{AlipayTrade, MerchantIdentity};
use store::product::Product;
use store::user_order::NewOrder;
use testkit::Sandbox;
use worker::batch::{self, Outcome, Rules};
use worker::message::{Content, InboundMessage};

/// What a batch may cost.
struct Expected {
    /// Payments in the batch, each of an order of its own.
    messages: usize,
    /// Statements of a batch that delivers, BEGIN and COMMIT among them.
    payment: i64,
    /// Statements of the same batch again, which changes nothing.
    repeat: i64,
}

/// A bulk write of 115 rows takes four statements, of 64, 32, 16 and 3 rows, and of orders the 3 are written one by one; the
/// other sizes here take one statement for each table.
const EXPECTED: [Expected; 4] = [
    Expected { messages: 1, payment: 15, repeat: 10 },
    Expected { messages: 16, payment: 15, repeat: 10 },
    Expected { messages: 115, payment: 35, repeat: 16 },
    Expected { messages: 128, payment: 15, repeat: 10 },
];

const SELLER: &str = "2088000000000001";
const PRICE: Fen = Fen::new(1000);
const RULES: Rules = Rules { events: false, overtake_limit: Duration::from_secs(600) };

/// What the server has counted on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    /// Statements that were run, prepared ones and others.
    statements: i64,
    /// Statements that were prepared: a round trip each, too.
    prepared: i64,
}

/// The counters of this connection. Reading them is counted as well: see [`cost_of`].
fn counters(connection: &mut store::Connection) -> Counted {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text, column_name = "Variable_name")]
        name: String,
        #[diesel(sql_type = Text, column_name = "Value")]
        value: String,
    }
    let rows: Vec<Row> =
        sql_query("SHOW SESSION STATUS WHERE Variable_name IN ('Questions', 'Com_stmt_prepare')")
            .load(connection)
            .expect("the status");
    let value = |name: &str| {
        let row = rows.iter().find(|row| row.name == name).expect("a counter");
        row.value.parse().expect("a number")
    };
    Counted { statements: value("Questions"), prepared: value("Com_stmt_prepare") }
}

/// What `work` costs on this connection.
fn cost_of(
    connection: &mut store::Connection,
    work: impl FnOnce(&mut store::Connection),
) -> Counted {
    let before = counters(connection);
    let begun = counters(connection);
    work(connection);
    let ended = counters(connection);
    // Between two readings of the counters is the cost of one reading.
    Counted {
        statements: (ended.statements - begun.statements) - (begun.statements - before.statements),
        prepared: (ended.prepared - begun.prepared) - (begun.prepared - before.prepared),
    }
}

/// So many new orders, and a payment for each as a lane hands it to a batch.
fn payments(connection: &mut store::Connection, prefix: &str, count: usize) -> Vec<InboundMessage> {
    (0..count)
        .map(|number| {
            let id = format!("{prefix}{number:04}");
            let order = NewOrder {
                id: &id,
                merchant: "shop",
                account: "",
                product_id: "P",
                quantity: 1,
                subject: "s",
                total_fee: PRICE,
                expires_after: None,
            };
            store::user_order::insert(connection, &order).expect("an order");
            payment(&id)
        })
        .collect()
}

fn payment(order: &str) -> InboundMessage {
    let now = Utc::now();
    let paid = AlipayTrade::open(&MerchantIdentity::mapi(SELLER), order, PRICE, now).pay(now);
    let signer = Signer::Md5(Md5Key::new("only0for0tests"));
    let signed = paid.expect("a payment").sign(&signer).expect("a signature");
    let body = String::from_utf8(signed.body()).expect("percent-encoded");
    let form = Form::parse(body.as_bytes()).expect("a form");
    let read = Notification::read(&form, Protocol::Mapi, Charset::Utf8);
    InboundMessage {
        message_id: format!("{order:0>64}"),
        account: MerchantAccount {
            merchant: "shop".into(),
            seller_id: Some(SELLER.into()),
            app_id: None,
            refunds_late: false,
            confirms_above: None,
            longest_time_to_pay: None,
        },
        protocol: Protocol::Mapi,
        kind: MessageKind::TradeStatus,
        charset: Charset::Utf8,
        form: body,
        received_at: now,
        stated_at: now,
        attempt: 0,
        was_dead: false,
        trace: None,
        answer_digest: None,
        content: Ok(Content::from(read.expect("a notification"))),
    }
}

fn run(connection: &mut store::Connection, batch: &[InboundMessage]) {
    let outcomes = batch::run(connection, batch, RULES, |_, _| Ok(Vec::new())).expect("a batch");
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done), "{outcomes:?}");
}

fn delivered(connection: &mut store::Connection, prefix: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let row: Row = sql_query(
        "SELECT COUNT(*) AS n FROM fulfillment WHERE state = 'delivered' AND order_id LIKE ?",
    )
    .bind::<Text, _>(format!("{prefix}%"))
    .get_result(connection)
    .expect("a number");
    row.n
}

#[test]
fn a_batch_costs_as_many_statements_as_the_table_says() {
    let sandbox = Sandbox::database_only();
    let pool = store::Pool::new(&sandbox.database_url, 1);
    let connection = &mut pool.get().expect("a connection");
    store::migrate::run(connection, drop).expect("migrations");
    let product = Product {
        id: "P".into(),
        name: "codes".into(),
        kind: order::ProductKind::Stock,
        price: PRICE,
        days: None,
        on_sale: true,
    };
    store::product::insert(connection, &product).expect("a product");
    let needed = 2 * EXPECTED.iter().map(|one| one.messages).sum::<usize>();
    let codes: Vec<String> = (0..needed).map(|number| format!("CODE-{number}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    store::stock::import(connection, "P", &codes).expect("stock");

    for Expected { messages, payment, repeat } in EXPECTED {
        // Prepares what a batch of this size needs.
        let first = payments(connection, &format!("A{messages}-"), messages);
        run(connection, &first);
        run(connection, &first);

        let prefix = format!("B{messages}-");
        let batch = payments(connection, &prefix, messages);
        let paid = cost_of(connection, |connection| run(connection, &batch));
        assert_eq!(delivered(connection, &prefix), i64::try_from(messages).expect("few"));
        let repeated = cost_of(connection, |connection| run(connection, &batch));
        // A connection that has run such a batch prepares nothing for the next.
        let expected = |statements| Counted { statements, prepared: 0 };
        assert_eq!(
            (paid, repeated),
            (expected(payment), expected(repeat)),
            "{messages} payments, and the same again"
        );
    }
}

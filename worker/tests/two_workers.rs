//! The property of `order/tests/exhaustive.rs`, for a sample, against the real database with two
//! workers at once: rows and goods end the same in whatever order and however often notifications
//! arrive, and whichever worker processes them.

#![allow(clippy::expect_used, clippy::panic, unreachable_pub, reason = "a test")]

#[path = "../../common/order/tests/stories/mod.rs"]
#[allow(dead_code, reason = "the pure test uses more of it")]
mod stories;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use alipay::{Charset, Protocol};
use chrono::Utc;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Datetime, Nullable, SmallInt, Text};
use order::RefundRequestState;
use queue::MessageKind;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use store::order_expired;
use store::product::Product;
use store::refund_request::{self, RefundRequest};
use store::user_order::NewOrder;
use stories::{Said, Story};
use testkit::Sandbox;
use worker::batch::Outcome;
use worker::batch::{self, Rules};
use worker::message::{Content, InboundMessage};

const RULES: Rules = Rules { events: true, overtake_limit: Duration::from_secs(600) };

/// Arrival orders tried of each story.
const SAMPLE: usize = 12;

/// What must not depend on the order of arrival. Times of our own clock are left out.
#[derive(QueryableByName, Debug, Clone, PartialEq, Eq)]
struct Row {
    #[diesel(sql_type = SmallInt)]
    status: i16,
    #[diesel(sql_type = SmallInt)]
    trade_status: i16,
    #[diesel(sql_type = SmallInt)]
    refund_status: i16,
    #[diesel(sql_type = BigInt)]
    refunded_fee: i64,
    #[diesel(sql_type = Nullable<Text>)]
    paid_dtime: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    refund_dtime: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    notify_dtime: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    finish_dtime: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    buyer_email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    expired_at: Option<String>,
    #[diesel(sql_type = Bool)]
    is_finish: bool,
    #[diesel(sql_type = Bool)]
    needs_review: bool,
    #[diesel(sql_type = Text)]
    trades: String,
    #[diesel(sql_type = Text)]
    refunds: String,
    /// Requests to give late money back that stand.
    #[diesel(sql_type = BigInt)]
    refund_requests: i64,
    /// Codes with the buyer now.
    #[diesel(sql_type = BigInt)]
    net_goods: i64,
    /// Codes that went out, ever.
    #[diesel(sql_type = BigInt)]
    out_goods: i64,
}

const ROW: &str = "SELECT o.status, o.trade_status, o.refund_status, o.refunded_fee,
    CAST(o.paid_dtime AS CHAR) AS paid_dtime, CAST(o.refund_dtime AS CHAR) AS refund_dtime,
    CAST(o.notify_dtime AS CHAR) AS notify_dtime, CAST(o.finish_dtime AS CHAR) AS finish_dtime,
    o.buyer_email, CAST(o.expired_at AS CHAR) AS expired_at, o.is_finish, o.needs_review,
    COALESCE((SELECT GROUP_CONCAT(CONCAT_WS('/', SUBSTRING_INDEX(t.trade_no, '-', 1), t.facts, t.refunded_fee,
        t.gmt_payment, t.gmt_refund, t.gmt_close) ORDER BY t.trade_no) FROM trade t
        WHERE t.order_id = o.id), '') AS trades,
    COALESCE((SELECT GROUP_CONCAT(CONCAT_WS('/', r.refund_key, r.running_total, r.amount, r.result)
        ORDER BY r.refund_key) FROM refund r JOIN trade t ON t.trade_no = r.trade_no
        WHERE t.order_id = o.id), '') AS refunds,
    (SELECT COUNT(*) FROM refund_request q
        WHERE q.order_id = o.id AND q.state <> 'refused') AS refund_requests,
    (SELECT COUNT(*) FROM stock_item s WHERE s.order_id = o.id AND s.state = 'delivered') AS net_goods,
    (SELECT COUNT(*) FROM stock_item s WHERE s.order_id = o.id) AS out_goods
    FROM user_order o WHERE o.id = ?";

fn connect(url: &str) -> store::Connection {
    store::Pool::new(url, 1).get().expect("a connection")
}

/// The notification as it would reach a worker, about order `R1-run` and trades `T?-run`.
fn message(story: &Story, said: &Said, run: &str) -> InboundMessage {
    let (kind, content) = match said {
        Said::Trade(notification) => {
            let mut notification = notification.clone();
            notification.out_trade_no = format!("R1-{run}");
            notification.trade_no = format!("{}-{run}", notification.trade_no);
            (MessageKind::TradeStatus, Content::Trade(notification))
        }
        Said::Answer(answer) => {
            let mut answer = answer.clone();
            answer.out_trade_no = format!("R1-{run}");
            answer.trade_no = format!("{}-{run}", answer.trade_no);
            (MessageKind::QueryAnswer, Content::Answer(answer))
        }
        Said::RefundAnswer(answer) => {
            let mut answer = answer.clone();
            answer.out_trade_no = format!("R1-{run}");
            answer.trade_no = format!("{}-{run}", answer.trade_no);
            (MessageKind::RefundAnswer, Content::RefundAnswer(answer))
        }
        // The row says when: see `write_rows`.
        Said::Expiry(_) => (MessageKind::Expiry, Content::Expiry { order: format!("R1-{run}") }),
        Said::Batch(batch) => {
            let mut batch = batch.clone();
            for item in &mut batch.items {
                item.trade_no = format!("{}-{run}", item.trade_no);
            }
            (MessageKind::BatchRefund, Content::BatchRefund(batch))
        }
    };
    // The id of a message is a hash of what it says; any stable text will do here.
    let message_id = format!("{:016x}", fingerprint(&format!("{content:?}")));
    InboundMessage {
        message_id,
        account: story.account(),
        protocol: Protocol::Openapi,
        kind,
        charset: Charset::Utf8,
        form: "a=1".into(),
        received_at: Utc::now(),
        stated_at: Utc::now(),
        attempt: 0,
        was_dead: false,
        trace: None,
        answer_digest: None,
        content: Ok(content),
    }
}

fn fingerprint(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Workers process what arrives, in batches of up to so many each, until nothing is left. A locked message
/// goes to the end of the queue, as a lane keeps it for its next batch.
fn work(url: &str, arrivals: Vec<InboundMessage>, batches: &[usize]) {
    let queue = Mutex::new(VecDeque::from(arrivals));
    std::thread::scope(|scope| {
        for &size in batches {
            let queue = &queue;
            scope.spawn(move || {
                let mut connection = connect(url);
                loop {
                    let taken: Vec<InboundMessage> = {
                        let mut queue = queue.lock().expect("not poisoned");
                        let size = size.min(queue.len());
                        queue.drain(..size).collect()
                    };
                    if taken.is_empty() {
                        return;
                    }
                    let outcomes = loop {
                        match batch::run(&mut connection, &taken, RULES, |_, _| Ok(Vec::new())) {
                            Ok(outcomes) => break outcomes,
                            // Deadlocks are what the worker tries again.
                            Err(error) if error.kind() == store::ErrorKind::Infrastructure => {}
                            Err(error) => panic!("{error}"),
                        }
                    };
                    let mut queue = queue.lock().expect("not poisoned");
                    for (item, outcome) in taken.into_iter().zip(outcomes) {
                        match outcome {
                            Outcome::Done => {}
                            Outcome::Locked => queue.push_back(item),
                            other => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
    });
}

fn play(
    url: &str,
    connection: &mut store::Connection,
    story: &Story,
    run: &str,
    order: &[usize],
    batches: &[usize],
) -> Row {
    let id = format!("R1-{run}");
    let terms = story.terms();
    store::user_order::insert(
        connection,
        &NewOrder {
            id: &id,
            merchant: "shop",
            account: "",
            product_id: "P",
            quantity: 1,
            subject: "s",
            total_fee: terms.total_fee,
            expires_after: None,
        },
    )
    .expect("an order");
    let expires_at = terms.expires_at.map(|at| at.naive_utc());
    sql_query("UPDATE user_order SET created_at = ?, expires_at = ? WHERE id = ?")
        .bind::<Datetime, _>(terms.created_at.naive_utc())
        .bind::<Nullable<Datetime>, _>(expires_at)
        .bind::<Text, _>(&id)
        .execute(connection)
        .expect("an older order");
    write_rows(connection, story, run);
    let arrivals = order.iter().map(|at| message(story, &story.notifications[*at], run)).collect();
    work(url, arrivals, batches);
    sql_query(ROW).bind::<Text, _>(&id).get_result(connection).expect("a row")
}

/// What an expiry and an answer to a refund must find in the database.
fn write_rows(connection: &mut store::Connection, story: &Story, run: &str) {
    let id = format!("R1-{run}");
    for said in &story.notifications {
        match said {
            Said::Expiry(at) => {
                order_expired::write(connection, &id, *at, *at).expect("an expiry");
            }
            Said::RefundAnswer(answer) => {
                // Of another run.
                sql_query("DELETE FROM refund_request WHERE request_no = ?")
                    .bind::<Text, _>(&answer.request_no)
                    .execute(connection)
                    .expect("deleted");
                let request = RefundRequest {
                    request_no: answer.request_no.clone(),
                    merchant: story.account().merchant,
                    order_id: id.clone(),
                    trade_no: format!("{}-{run}", answer.trade_no),
                    amount: answer.amount,
                    is_rest: false,
                    reason: "story".into(),
                    asked_by: "test".into(),
                    // Not one of those that are counted.
                    state: RefundRequestState::Refused,
                    error: None,
                    running_total: None,
                    of_rejected: false,
                };
                refund_request::insert(connection, &request).expect("a request");
            }
            _ => {}
        }
    }
}

#[test]
fn rows_and_goods_end_the_same_with_two_workers() {
    let sandbox = Sandbox::database_only();
    let url = sandbox.database_url.as_str();
    let mut connection = connect(url);
    store::migrate::run(&mut connection, drop).expect("migrations");
    let product = Product {
        id: "P".into(),
        name: "codes".into(),
        kind: order::ProductKind::Stock,
        price: alipay::Fen::new(1000),
        days: None,
        on_sale: true,
    };
    store::product::insert(&mut connection, &product).expect("a product");
    let codes: Vec<String> = (0..2000).map(|n| format!("CODE-{n}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    store::stock::import(&mut connection, "P", &codes).expect("stock");

    let mut rng = StdRng::seed_from_u64(20261123);
    let mut sequences = 0;
    for (number, story) in stories::all().iter().enumerate() {
        let mut first: BTreeMap<&str, Row> = BTreeMap::new();
        for sample in 0..SAMPLE {
            // Every notification twice, in some order.
            let mut order: Vec<usize> =
                (0..story.notifications.len()).chain(0..story.notifications.len()).collect();
            order.shuffle(&mut rng);
            let run = format!("{number}-{sample}");
            // Two workers side by side, or one that gets all of it, or half, in one batch.
            let batches: &[usize] = [&[1, 3][..], &[100], &[5]][sample % 3];
            let mut row = play(url, &mut connection, story, &run, &order, batches);
            sequences += 1;
            assert!(row.out_goods <= 1, "{}: delivered twice in {order:?}", story.name);
            if story.goods_may_differ {
                assert!(row.needs_review, "{}: not in review", story.name);
                row.net_goods = 0;
            }
            row.out_goods = 0;
            if story.ends_late() {
                assert_eq!(row.refund_requests, 1, "{}: nobody gives it back", story.name);
            }
            if row.status == 105 {
                // If the refund arrived before the payment, nobody requested it.
                row.refund_requests = 0;
            }
            let expected = first.entry(story.name).or_insert_with(|| row.clone());
            assert_eq!(&row, expected, "{}: {order:?}", story.name);
        }
    }
    println!("{sequences} sequences against the database, two workers");
}

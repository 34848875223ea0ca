//! Dead letters as groups: filters, dry runs, discards, two operators at once.

use std::collections::BTreeSet;
use std::sync::Barrier;

use alipay::{Charset, Form, Md5Key, Rule, Signer};
use diesel::RunQueryDsl as _;
use queue::topology::{DEAD_QUEUE, work_queue};
use queue::{Envelope, Message, MessageKind};
use serde_json::{Value, json};
use testkit::Sandbox;
use testkit::clock::{beijing, minutes_ago};

use crate::dead_letters::{bury, depth, ids, letter};
use crate::program::{KEY, Ops};

/// A dead letter with a form of the merchant `shop`, who is configured.
pub(crate) fn notification(id: &str, order: &str, total: &str, died: i64) -> Message {
    notification_of_trade(id, order, "2026112300000001", total, died)
}

/// The same of another trade.
pub(crate) fn notification_of_trade(
    id: &str,
    order: &str,
    trade_no: &str,
    total: &str,
    died: i64,
) -> Message {
    let mut form = Form::from_pairs([
        ("out_trade_no", order),
        ("trade_no", trade_no),
        ("total_fee", total),
        ("trade_status", "TRADE_SUCCESS"),
        ("seller_id", "2088000000000001"),
        ("notify_id", id),
    ]);
    form.set("gmt_payment", beijing(minutes_ago(0)));
    form.set("subject", b"\xb2\xe2\xca\xd4");
    Signer::Md5(Md5Key::new(KEY)).sign_form(&mut form, Rule::DropEmpty).unwrap();
    let mut message = letter(id, died);
    let received_at = message.headers.first_seen;
    let envelope =
        Envelope::new("shop", MessageKind::TradeStatus, Charset::Gbk, received_at, form.encode());
    message.body = envelope.to_bytes();
    message.headers.order = Some(order.to_owned());
    message.headers.error =
        Some(format!("the order's total is 10.00 yuan, the notification says {total}"));
    message
}

pub(crate) fn configured(sandbox: &Sandbox) -> Ops {
    let ops = Ops::with_schema(sandbox).with_shop().set("ALIPAY__EVENTS__ENABLED", "true");
    ops.run("topology apply").done();
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    let codes = ["stock", "import", "gift", "--file", "-"];
    ops.run_with(&codes, b"CODE-1\nCODE-2\n").done();
    ops
}

#[test]
fn groups_and_filters() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    let mut messages: Vec<Message> = (0..5)
        .map(|n| notification(&format!("id-{n}"), &format!("A-{n}"), &format!("{n}.00"), n))
        .collect();
    let mut other = letter("other", 9);
    other.headers.reason = Some("order_not_found".into());
    other.headers.error = Some("no order SPRING after 5 retries".into());
    other.headers.order = Some("SPRING".into());
    other.headers.merchant = Some("second".into());
    messages.push(other);
    bury(&ops, &sandbox, messages);

    let groups = ops.json("dlq list --group");
    assert_eq!(groups.as_array().unwrap().len(), 2, "{groups}");
    assert_eq!(
        groups[0],
        json!({
            "reason": "total_mismatch",
            "fingerprint": "the order's total is # yuan, the notification says #",
            "letters": 5, "orders": 5, "first_died": "2026-11-23T11:00:00+08:00",
            "last_died": "2026-11-23T11:04:00+08:00", "worker_versions": [], "example": "id-4"
        })
    );
    assert_eq!(groups[1]["fingerprint"], "no order # after # retries");
    let text = ops.run("dlq list --group").done().stdout;
    assert!(text.starts_with("LETTERS") && text.contains("total_mismatch"), "{text}");

    for (filter, expected) in [
        ("--reason order_not_found", &["other"][..]),
        ("--order A-3", &["id-3"]),
        ("--merchant second", &["other"]),
        ("--merchant shop --reason order_not_found", &[]),
        ("--since 2026-11-23T11:03:00+08:00", &["id-3", "id-4", "other"]),
        ("--since 2026-11-23T11:03:00+08:00 --reason total_mismatch", &["id-3", "id-4"]),
    ] {
        let list = ops.json(&format!("dlq list {filter}"));
        assert_eq!(ids(&list), expected, "{filter}");
    }
    ops.run("dlq list --since yesterday").ended(2, "expected an age");
}

#[test]
fn a_letter_is_shown_with_signature_order_and_charset() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    ops.run("order create A-1 --merchant shop --product gift").done();
    let mut changed = notification("changed", "NONE", "10.00", 2);
    changed.body = String::from_utf8(changed.body).unwrap().replace("10.00", "10.01").into_bytes();
    bury(&ops, &sandbox, vec![notification("good", "A-1", "1.00", 1), changed]);

    let shown = ops.json("dlq show good");
    assert_eq!(shown["signature"]["valid"], true, "{shown}");
    assert_eq!(shown["charset"], "gbk");
    let parameters = shown["parameters"].as_array().unwrap();
    assert!(parameters.contains(&json!({ "name": "subject", "value": "测试" })), "{shown}");
    assert!(!parameters.iter().any(|parameter| parameter["name"] == "sign"), "{shown}");
    assert_eq!(shown["order_now"]["status_name"], "placed");
    let text = ops.run("dlq show good").done().stdout;
    assert!(text.contains("signature    valid today: MD5 with key 0"), "{text}");
    assert!(text.contains("form, in gbk\n") && text.contains("  subject = 测试\n"), "{text}");
    assert!(text.contains("the order now\n  order A-1: 0 placed"), "{text}");
    assert!(text.contains("  not delivered: not paid; the gateway was not asked\n"), "{text}");

    let text = ops.run("dlq show changed").done().stdout;
    assert!(text.contains("not valid today: bad_signature"), "{text}");
    assert!(text.contains("there is no order NONE"), "{text}");
    // The letter is shown without a broker, too.
    let blind = Ops::at(&sandbox.database_url, crate::program::NOBODY.1);
    let text = blind.run("dlq show good").done().stdout;
    assert!(text.contains("subject = 测试") && text.contains("the order now"), "{text}");
}

#[test]
fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    ops.run("order create A-1 --merchant shop --product gift").done();
    let mut strange = letter("strange", 4);
    strange.body = b"no envelope".to_vec();
    bury(
        &ops,
        &sandbox,
        vec![
            notification("pays", "A-1", "10.00", 1),
            notification("wrong", "A-1", "1.00", 2),
            notification("early", "A-2", "10.00", 3),
            notification("pays", "A-1", "10.00", 3),
            strange,
        ],
    );
    let before = tables(&sandbox);
    let run = ops.run("dlq replay --all --dry-run --output json");
    let run = run.ended(1, "2 of 4 would die again").json();
    assert_eq!(
        (&run["letters"], &run["would_change"], &run["would_die_again"]),
        (&json!(4), &json!(1), &json!(2))
    );
    let one = |id: &str| {
        let all = run["foreseen"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} in {run}")).clone()
    };
    assert_eq!(one("pays")["outcome"], "applied");
    assert_eq!(one("pays")["facts_added"], json!(["paid"]));
    assert_eq!(
        one("pays")["changes"][0],
        json!({
            "order": "A-1", "status": { "before": 0, "after": 8 },
            "refunded_fee": { "before": 0, "after": 0 }, "goods": "delivered",
            "events": ["order.paid", "order.delivered"]
        })
    );
    assert_eq!(one("wrong")["reason"], "total_mismatch");
    assert_eq!(one("early")["outcome"], "no_order_yet");
    assert_eq!(one("strange")["reason"], "no_envelope");
    assert_eq!(tables(&sandbox), before, "a dry run wrote something");
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 5);
    assert_eq!(depth(&sandbox.amqp_url, &work_queue(0)), 0);

    let text = ops.run("dlq replay pays --dry-run").done().stdout;
    assert!(text.contains("paid; order A-1: status placed -> paid, goods delivered"), "{text}");
    assert!(text.contains("1 letter: 1 would change something, 0 would die again"), "{text}");
    ops.run("dlq replay nothing --dry-run").ended(1, "there is no dead letter nothing");
    let limited = ops.run("dlq replay --all --limit 1 --dry-run --output json");
    assert_eq!(limited.json()["letters"], 1);
}

/// A trigger of the shop refuses one order, and the database takes all other writes.
#[test]
fn a_dry_run_says_that_the_database_refuses_a_message_alone() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    ops.run("order create A-1 --merchant shop --product gift").done();
    ops.run("order create A-2 --merchant shop --product gift").done();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    diesel::connection::SimpleConnection::batch_execute(
        &mut *connection,
        "CREATE TRIGGER shop_says_no BEFORE UPDATE ON user_order FOR EACH ROW \
         BEGIN IF NEW.id = 'A-1' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF; END",
    )
    .unwrap();
    bury(
        &ops,
        &sandbox,
        vec![notification("no", "A-1", "10.00", 1), notification("yes", "A-2", "10.00", 2)],
    );
    let before = tables(&sandbox);
    let run = ops.run("dlq replay --all --dry-run --output json").ended(0, "").json();
    let mut ends: Vec<(&Value, &Value, &Value)> = run["foreseen"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["id"], &one["outcome"], &one["reason"]))
        .collect();
    ends.sort_by_key(|(id, ..)| id.to_string());
    let refuses = json!("database_refuses");
    assert_eq!(
        ends,
        [(&json!("no"), &refuses, &refuses), (&json!("yes"), &json!("applied"), &Value::Null)]
    );
    assert_eq!(tables(&sandbox), before, "a dry run wrote something");
    let text = ops.run("dlq replay no --dry-run").done().stdout;
    assert!(text.contains("be tried again: the database refuses it alone"), "{text}");
    assert!(text.contains("not this one"), "{text}");
}

/// Rows of every table that a batch writes.
fn tables(sandbox: &Sandbox) -> Vec<(String, i64)> {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    ["trade", "notification", "outbox", "review", "fulfillment", "stock_item WHERE order_id <> ''"]
        .map(|table| {
            let count: Count = diesel::sql_query(format!("SELECT COUNT(*) AS count FROM {table}"))
                .get_result(&mut connection)
                .unwrap();
            (table.to_owned(), count.count)
        })
        .to_vec()
}

#[test]
fn a_cohort_is_replayed_and_the_rest_discarded_with_a_record() {
    let sandbox = Sandbox::new();
    let ops = configured(&sandbox);
    let mut messages: Vec<Message> =
        (0..40).map(|n| notification(&format!("id-{n}"), &format!("A-{n}"), "1.00", n)).collect();
    messages.push(notification("id-35", "A-35", "1.00", 99));
    for message in &mut messages[30..] {
        message.headers.reason = Some("order_not_found".into());
    }
    bury(&ops, &sandbox, messages);

    let replay = "dlq replay --reason order_not_found --by ann --note fixed --no-wait";
    assert_eq!(ops.json(&format!("{replay} --limit 1")), json!({ "replayed": 1 }));
    assert_eq!(ops.json(replay), json!({ "replayed": 10 }));
    let none = ops.run(&format!("{replay} --output json")).ended(1, "no dead letter matches");
    assert_eq!(none.json(), json!({ "replayed": 0 }));
    let depths =
        || [work_queue(0).as_str(), DEAD_QUEUE].map(|queue| depth(&sandbox.amqp_url, queue));
    assert_eq!(depths(), [11, 30]);

    let discard = |arguments: &[&str]| {
        let all = [&["dlq", "discard"], arguments, &["--by", "王", "--output", "json"]].concat();
        ops.run_with(&all, b"")
    };
    let why = ["--reason", "test orders of Friday"];
    assert_eq!(
        discard(&[&["id-3", "id-4"][..], &why].concat()).done().json(),
        json!({ "discarded": 2 })
    );
    let half = discard(&[&["id-5", "nothing"][..], &why].concat());
    assert_eq!(half.ended(1, "there is no dead letter nothing").json(), json!({ "discarded": 1 }));
    discard(&["id-6", "--reason", " "]).ended(2, "say why");
    assert_eq!(depths(), [11, 27]);

    let history = ops.json("dlq history");
    assert_eq!(history.as_array().unwrap().len(), 14, "{history}");
    let last = &history[0];
    assert_eq!(
        (&last["action"], &last["message_id"], &last["done_by"], &last["note"], &last["order_id"]),
        (&json!("discarded"), &json!("id-5"), &json!("王"), &json!(why[1]), &json!("A-5"))
    );
    let headers: Value = serde_json::from_str(last["headers"].as_str().unwrap()).unwrap();
    assert_eq!(headers["reason"], "total_mismatch");
    let replayed = ops.json("dlq history id-35");
    assert_eq!(replayed.as_array().unwrap().len(), 2, "one for each copy: {replayed}");
    assert_eq!(
        (&replayed[0]["action"], &replayed[0]["note"]),
        (&json!("replayed"), &json!("fixed"))
    );
    // The beginning of a long id is enough; a short one may mean several.
    bury(&ops, &sandbox, vec![notification("0123456789abcdef", "A-1", "1.00", 1)]);
    discard(&["0123456789a", "--reason", "x"]).ended(1, "no dead letter 0123456789a");
    assert_eq!(ops.json("dlq show 0123456789ab")["id"], "0123456789abcdef");
    ops.run("dlq replay 0123456789ab --dry-run").done();
    discard(&["0123456789ab", "--reason", "x"]).done();

    let nameless = Ops::with_schema(&sandbox).set("USER", "");
    nameless.run("dlq discard id-7 --reason x").ended(2, "say who you are");
}

#[test]
fn operators_at_once_see_all_letters() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("topology apply").done();
    bury(&ops, &sandbox, (0..500).map(|n| letter(&format!("id-{n}"), n)).collect());
    let all: BTreeSet<String> = (0..500).map(|n| format!("id-{n}")).collect();
    let together = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                together.wait();
                for look in 0..5 {
                    let letters = ops.json("dlq list");
                    let seen: BTreeSet<String> =
                        ids(&letters).into_iter().map(str::to_owned).collect();
                    assert_eq!(seen.len(), 500, "look {look}: some were hidden");
                    assert_eq!(seen, all);
                }
            });
        }
    });
    assert_eq!(depth(&sandbox.amqp_url, DEAD_QUEUE), 500);
}

//! `order show` after notifications that a worker's batch has applied.

use std::collections::HashMap;

use alipay::Protocol;
use serde_json::{Value, json};
use testkit::clock::{beijing, beijing_in_form, column, minutes_ago};
use worker::batch::Outcome;

use crate::worker_at_hand::Shop;

fn trade(order: &str, trade_no: &str, more: &str) -> String {
    format!("out_trade_no={order}&trade_no={trade_no}&total_amount=20.00&{more}")
}

fn outcomes(shown: &Value) -> Vec<(&str, &str)> {
    let text = |value: &Value, name: &str| -> &'static str {
        value[name].as_str().unwrap_or("-").to_owned().leak()
    };
    let story = shown["story"].as_array().unwrap();
    story.iter().map(|told| (text(told, "trade_status"), text(told, "outcome"))).collect()
}

#[test]
fn an_order_that_waits_is_delivered_refused_in_part_and_refunded() {
    let mut shop = Shop::new();
    shop.ops.run("order create A-1 --merchant shop --product gift --quantity 2").done();
    shop.stock("CODE-1\n");
    let paid = trade("A-1", "T1", "trade_status=TRADE_SUCCESS&buyer_logon_id=ann%1B%5B31m");
    assert_eq!(shop.hear(Protocol::Openapi, &paid), Outcome::Done);

    let text = shop.ops.run("order show A-1").done().stdout;
    assert!(text.starts_with("order A-1: 8 paid"), "{text}");
    assert!(text.contains("not delivered: waiting for stock since 2"), "{text}");
    assert!(text.contains("(2 units wanted, 1 available)"), "{text}");
    assert!(!text.contains('\u{1b}'), "a buyer steers the terminal: {text}");
    let stock = shop.ops.json("stock list");
    assert_eq!((&stock[0]["waiting_orders"], &stock[0]["waiting_units"]), (&json!(1), &json!(2)));

    shop.stock("CODE-2\n");
    shop.settle("A-1");
    let total_is_wrong =
        "out_trade_no=A-1&trade_no=T1&total_amount=1.00&trade_status=TRADE_SUCCESS";
    let verdict = shop.hear(Protocol::Openapi, total_is_wrong);
    assert!(matches!(verdict, Outcome::Rejected(_)), "{verdict:?}");
    shop.hear(Protocol::Openapi, &paid);
    for (request, running_total) in [("r1", "5.00"), ("r2", "12.50")] {
        let more = format!(
            "trade_status=TRADE_SUCCESS&refund_fee={running_total}&out_biz_no={request}\
             &gmt_refund={refunded_at}.{request}",
            refunded_at = beijing_in_form(minutes_ago(1)),
            request = &request[1..]
        );
        shop.hear(Protocol::Openapi, &trade("A-1", "T1", &more));
    }

    let shown = shop.ops.json("order show A-1");
    assert_eq!(shown["status"], 8);
    assert_eq!(shown["refunded_fee"], 1250);
    assert_eq!(shown["needs_review"], true);
    assert_eq!(shown["fulfillment"]["state"], "delivered");
    assert_eq!(
        shown["goods"],
        json!([
            { "code": "CODE-1", "state": "delivered" }, { "code": "CODE-2", "state": "delivered" }
        ])
    );
    let amounts: Vec<&Value> =
        shown["refunds"].as_array().unwrap().iter().map(|refund| &refund["amount"]).collect();
    assert_eq!(amounts, [500, 750]);
    assert_eq!(shown["trades"][0]["facts"], json!(["paid", "refunded_in_part"]));
    assert_eq!(
        outcomes(&shown),
        [
            ("TRADE_SUCCESS", "unchanged"),
            ("TRADE_SUCCESS", "rejected"),
            ("TRADE_SUCCESS", "applied"),
            ("TRADE_SUCCESS", "applied")
        ]
    );
    assert_eq!(shown["notifications"], 4);
    let first = &shown["story"][0];
    assert_eq!(first["seen"], 2);
    assert_eq!(first["facts_added"], json!(["paid"]));
    assert_eq!(first["changes"]["status"], json!({ "before": 0, "after": 8 }));
    assert_eq!(first["changes"]["goods"], "awaiting_stock");
    assert_eq!(first["changes"]["events"], json!(["order.paid"]));
    assert_eq!(shown["story"][1]["reason"], "total_mismatch");
    assert_eq!(
        shown["story"][3]["changes"]["refunded_fee"],
        json!({ "before": 500, "after": 1250 })
    );

    let text = shop.ops.run("order show A-1").done().stdout;
    let first = "Alipay notified TRADE_SUCCESS for trade T1: paid; status placed -> paid; \
                 goods awaiting_stock; events order.paid (seen 2 times, last 2";
    assert!(text.contains(first), "{text}");
    assert!(text.contains("rejected, total_mismatch: the order's total is 20.00 yuan"), "{text}");
    assert!(text.contains("  goods delivered\n"), "told by no notification: {text}");
    assert!(
        text.contains("in review: partial_refund (12.50 yuan went back): part of the money"),
        "{text}"
    );
    assert!(text.contains("not taken back: only part"), "{text}");
    assert!(text.contains("not published yet: order.paid"), "{text}");
    let list = shop.ops.json("order list --needs-review --status 8");
    assert_eq!(list[0]["id"], "A-1");
    let reviews = shop.ops.json("review list");
    assert!(reviews.as_array().unwrap().iter().any(|row| row["evidence"] == "1250"), "{reviews}");
}

/// A batch refund names trades, not orders, and may name several.
#[test]
fn batch_refunds_are_in_the_order_history_by_their_trades() {
    let mut shop = Shop::new();
    shop.stock("CODE-1\nCODE-2\nCODE-3\n");
    let mut trades = HashMap::new();
    for (order, trade_no) in [("A-1", "2001"), ("A-2", "2002"), ("A-3", "002")] {
        shop.ops.run(&format!("order create {order} --merchant shop --product gift")).done();
        trades.insert(order, trade_no);
    }
    let pay = |shop: &mut Shop, order: &str| {
        let body = format!(
            "out_trade_no={order}&trade_no={}&total_fee=10.00&trade_status=TRADE_SUCCESS\
             &seller_id=2088000000000001",
            trades[order]
        );
        assert_eq!(shop.hear(Protocol::Mapi, &body), Outcome::Done);
    };
    pay(&mut shop, "A-1");
    pay(&mut shop, "A-3");
    // A-2 is not paid yet, as far as we know.
    let batch = "notify_type=batch_refund_notify&batch_no=B1&success_num=2\
                 &result_details=2001%5E10.00%5ESUCCESS%232002%5E4.00%5ESUCCESS";
    assert_eq!(shop.hear(Protocol::Mapi, batch), Outcome::Done);
    pay(&mut shop, "A-2");
    let single = "notify_type=batch_refund_notify&batch_no=B2&success_num=1\
                  &result_details=2002%5E6.00%5ESUCCESS";
    assert_eq!(shop.hear(Protocol::Mapi, single), Outcome::Done);

    let shown = shop.ops.json("order show A-1");
    assert_eq!(shown["status"], 105);
    assert_eq!(
        outcomes(&shown),
        [("TRADE_SUCCESS", "applied"), ("batch_refund_notify", "applied")]
    );
    assert_eq!(shown["goods"][0]["state"], "returned");

    let shown = shop.ops.json("order show A-2");
    assert_eq!((&shown["status"], &shown["refunded_fee"]), (&json!(105), &json!(1000)));
    assert_eq!(
        outcomes(&shown),
        [
            ("batch_refund_notify", "applied"),
            ("TRADE_SUCCESS", "applied"),
            ("batch_refund_notify", "applied")
        ]
    );
    let amounts: Vec<&Value> =
        shown["refunds"].as_array().unwrap().iter().map(|refund| &refund["amount"]).collect();
    assert_eq!(amounts, [400, 600]);

    // The text of batch B1 also contains 002, but no item of that trade.
    // Its `success_num` contradicts its item; the item decides.
    let single = "notify_type=batch_refund_notify&batch_no=B3&success_num=0\
                  &result_details=002%5E1.00%5ESUCCESS";
    assert_eq!(shop.hear(Protocol::Mapi, single), Outcome::Done);
    let shown = shop.ops.json("order show A-3");
    assert_eq!(
        outcomes(&shown),
        [("TRADE_SUCCESS", "applied"), ("batch_refund_notify", "applied")]
    );
    assert_eq!((&shown["status"], &shown["refunded_fee"]), (&json!(8), &json!(100)));
    let odd = "success_num is 0, but 1 of 1 items say SUCCESS";
    let [paid, refunded] = &shown["story"].as_array().unwrap()[..] else { panic!("{shown:#}") };
    assert_eq!((&paid["reason"], &paid["error"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&refunded["reason"], &refunded["error"]),
        (&json!("success_num_differs"), &json!(odd))
    );
    let text = shop.ops.run("order show A-3").done().stdout;
    assert!(text.contains(&format!("; {odd}\n")), "{text}");
}

/// The history shows signatures checked with today's keys, the gateway's answers, and the operators' actions.
#[test]
fn the_order_history_shows_signatures_gateway_answers_and_operators() {
    use alipay::{Form, Md5Key, Rule, Signer};
    use diesel::RunQueryDsl as _;

    let mut shop = Shop::new();
    shop.stock("CODE-1\n");
    shop.ops.run("order create A-1 --merchant shop --product gift --account ann").done();
    shop.ops = shop.ops.with_shop();
    let mut form = Form::from_pairs([
        ("out_trade_no", "A-1"),
        ("trade_no", "T1"),
        ("total_fee", "10.00"),
        ("trade_status", "WAIT_BUYER_PAY"),
        ("seller_id", "2088000000000001"),
        ("buyer_email", "ann@example.com"),
    ]);
    let signer = Signer::Md5(Md5Key::new("a-key-nobody-should-see"));
    signer.sign_form(&mut form, Rule::DropEmpty).unwrap();
    shop.hear(Protocol::Mapi, &form.encode());
    let (asked_at, discarded_at, due_at) = (minutes_ago(120), minutes_ago(90), minutes_ago(60));
    for statement in [
        format!(
            "INSERT INTO gateway_query (order_id, merchant, why, due_at, asked, asked_at, answer, \
             error) VALUES ('A-1', 'shop', 'unpaid', '{}', 1, '{}', 'WAIT_BUYER_PAY', \
             'timeout: late')",
            column(due_at),
            column(asked_at)
        ),
        format!(
            "INSERT INTO dead_letter_audit (action, message_id, order_id, done_by, note, headers, \
             done_at) VALUES ('discarded', 'm', 'A-1', 'Zhang San', 'a test', '{{}}', '{}')",
            column(discarded_at)
        ),
    ] {
        diesel::sql_query(statement).execute(&mut shop.connection).unwrap();
    }
    let text = shop.ops.run("order show A-1").done().stdout;
    assert!(text.contains("signature valid today: MD5 with key 0"), "{text}");
    assert!(
        text.contains(&format!(
            "not delivered: not paid; gateway asked at {}: WAIT_BUYER_PAY, without an answer: \
             timeout: late, it is asked again at {} (unpaid)",
            beijing(asked_at),
            beijing(due_at)
        )),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "{}  dead letter discarded by Zhang San a test",
            beijing(discarded_at)
        )),
        "{text}"
    );
    // The signature does not hold: the key or the row was changed.
    let forged = form.encode().replace("WAIT_BUYER_PAY", "TRADE_SUCCESS");
    shop.hear(Protocol::Mapi, &forged);
    let text = shop.ops.run("order show A-1").done().stdout;
    assert!(text.contains("signature NOT VALID today: bad_signature"), "{text}");
    let shown = shop.ops.json("order show A-1");
    assert_eq!(shown["story"][0]["signature"]["valid"], true);
    assert_eq!(shown["story"][1]["signature"]["valid"], false);
    assert_eq!(shown["goods"][0]["code"], "CODE-1");

    for arguments in ["order show A-1 --redact", "order show A-1 --redact --output json"] {
        let page = shop.ops.run(arguments).done().stdout;
        for secret in ["ann", "CODE-1", "Zhang", "a test", "2088000000000001"] {
            assert!(!page.contains(secret), "{secret} is shown: {page}");
        }
        assert!(page.contains("(hidden)") && page.contains("T1"), "{page}");
    }
}

//! Special cases: repeated commands, zero dates, invisible characters, closed output.

use std::process::Command;

use diesel::connection::SimpleConnection as _;
use testkit::Sandbox;

use crate::program::Ops;

#[test]
fn setting_the_same_account_again_changes_nothing() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add vip --name VIP --kind subscription --price 10 --days 30").done();
    ops.run("order create A-1 --product vip --merchant shop").done();
    assert_eq!(ops.json("order account A-1 li@example.com")["changed"], true);
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let granted = "INSERT INTO entitlement (order_id, account, product_id, days, starts_at) VALUES \
                   ('A-1', 'li@example.com', 'vip', 30, '2026-05-10')";
    connection.batch_execute(granted).unwrap();
    assert_eq!(ops.json("order account A-1 li@example.com")["changed"], false);
    ops.run("order account A-1 wang@example.com").ended(1, "which is not changed");
}

#[test]
fn a_zero_date_in_created_at_stops_no_verb() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind manual --price 10").done();
    ops.run("order create A-1 --product gift --merchant shop").done();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let zeros = "SET SESSION sql_mode = ''; \
                 UPDATE user_order SET created_at = '0000-00-00 00:00:00', updated_at = '0000-00-00 00:00:00'";
    connection.batch_execute(zeros).unwrap();
    assert_eq!(ops.json("order list")[0]["id"], "A-1");
    assert_eq!(ops.json("order show A-1")["created_at"], "1970-01-01T08:00:00+08:00");
    ops.run("audit --grace 0s").done();
}

#[test]
fn invisible_characters_are_refused_in_ids_accounts_and_names() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind manual --price 10").done();
    for odd in ["\u{200b}", "\u{34f}", "\u{2800}", "\u{202e}", "\u{feff}"] {
        let id = format!("A{odd}1");
        let create = ["order", "create", &id, "--product", "gift", "--merchant", "shop"];
        ops.run_with(&create, b"").ended(2, "holds U+");
        let account =
            ["order", "create", "A-1", "--product", "gift", "--merchant", "shop", "--account", &id];
        ops.run_with(&account, b"").ended(2, "holds U+");
        let name = ["product", "add", "other", "--name", &id, "--kind", "manual", "--price", "1"];
        ops.run_with(&name, b"").ended(2, "holds U+");
        let csv = format!(
            "id,merchant,product,total,created_at,delivered\n{id},shop,gift,10,2026-05-10 10:00:00,no\n"
        );
        ops.run_with(&["order", "import", "-"], csv.as_bytes()).ended(2, "holds U+");
    }
    // Variation selectors and private use: not in a number, but an emoji in a name has them.
    for odd in ["A\u{fe0f}1", "A\u{e000}1", "A\u{10fffd}"] {
        let create = ["order", "create", odd, "--product", "gift", "--merchant", "shop"];
        ops.run_with(&create, b"").ended(2, "holds U+");
    }
    let heart = [
        "product",
        "add",
        "heart",
        "--name",
        "\u{2764}\u{fe0f} 会员",
        "--kind",
        "manual",
        "--price",
        "1",
    ];
    ops.run_with(&heart, b"").done();
}

#[test]
fn an_open_quote_does_not_hide_errors_in_other_lines() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind manual --price 10").done();
    let csv = "id,merchant,product,total,created_at,delivered,subject\n\
               A-1,shop,gift,10,2026-05-10 10:00:00,no,\"never closed\n\
               A-2,shop,gift,ten,2026-05-10 10:00:00,no,x\n\
               A-3,shop,gift,10,yesterday,no,x\n";
    let said = ops
        .run_with(&["order", "import", "-"], csv.as_bytes())
        .ended(2, "nothing was imported")
        .stderr;
    for line in ["line 2: a quote has no end", "line 3: total", "line 4: created_at"] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn no_code_is_withdrawn_when_output_is_closed() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run_with(&["stock", "import", "gift", "--file", "-"], b"CODE-1\nCODE-2\n").done();
    let withdraw = |redirection: &str, by: &str| {
        let script = format!("\"$OPS\" stock withdraw gift --count 1 {redirection}");
        Command::new("sh")
            .args(["-c", &script])
            .env("OPS", env!("CARGO_BIN_EXE_ops"))
            .env("DATABASE_URL", &sandbox.database_url)
            .env("RUST_LOG", "info")
            .env_remove("ALIPAY_CONFIG")
            // libfaketime opens a file, which would take the descriptor of the closed output.
            .env_remove("LD_PRELOAD")
            .env("USER", by)
            .output()
            .unwrap()
    };
    let closed = withdraw(">&-", "ann");
    let said = String::from_utf8_lossy(&closed.stderr);
    assert_eq!(closed.status.code(), Some(3), "{said}");
    assert!(said.contains("stdout is closed: nothing was done"), "{said}");
    assert_eq!(ops.json("stock list")[0]["available"], 2);
    // An operator may discard the codes on purpose.
    assert_eq!(withdraw(">/dev/null", "ann").status.code(), Some(0));
    assert_eq!(ops.json("stock withdrawals")[0]["taken_by"], "ann");
}

#[test]
fn an_operator_without_a_name_is_told_to_use_by() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run_with(&["stock", "import", "gift", "--file", "-"], b"CODE-1\n").done();
    let nobody = Command::new(env!("CARGO_BIN_EXE_ops"))
        .args(["stock", "withdraw", "gift", "--count", "1"])
        .env("DATABASE_URL", &sandbox.database_url)
        .env_remove("ALIPAY_CONFIG")
        .env_remove("USER")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&nobody.stderr);
    assert!(nobody.status.success() && said.contains("--by NAME"), "{said}");
    assert_eq!(ops.json("stock withdrawals")[0]["taken_by"], "unknown");
}

/// The second of two payments was refunded in full: the order stays paid by the first.
#[test]
fn the_order_history_names_each_payment_by_its_trade() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind manual --price 10").done();
    ops.run("order create A-1 --product gift --merchant shop").done();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let rows = "INSERT INTO trade (order_id, trade_no, facts, refunded_fee) VALUES ('A-1', 'T1', 'paid', 0), \
                ('A-1', 'T2', 'paid,refunded_in_part,refunded_in_full', 1000), ('A-1', 'T3', 'paid', 0); \
                UPDATE user_order SET trade_no = 'T1', status = 8, trade_status = 8; \
                INSERT INTO fulfillment (order_id, product_id, state, units, given) VALUES ('A-1', 'gift', 'delivered', 1, 1)";
    connection.batch_execute(rows).unwrap();
    let told = ops.run("order show A-1").done().stdout;
    assert!(!told.contains("not taken back"), "{told}");
    for line in [
        "another payment T2 of 10.00 yuan was given back in full; the order stays paid by trade T1",
        "another payment T3 of 10.00 yuan is with us; next: `ops refund A-1 --trade-no T3 --all",
        "next: nothing to do; a refund is `ops refund A-1",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(ops.json("order show A-1")["next_step"].as_str().unwrap().starts_with("nothing to do"));
    let part = "UPDATE trade SET facts = 'paid,refunded_in_part', refunded_fee = 300 WHERE trade_no = 'T1'; \
                UPDATE user_order SET refunded_fee = 300";
    connection.batch_execute(part).unwrap();
    let told = ops.run("order show A-1").done().stdout;
    assert!(
        told.contains("not taken back: only part of the money went back (3.00 of 10.00 yuan)"),
        "{told}"
    );
}

/// An implausible limit makes no payment late.
#[test]
fn a_payment_is_shown_as_late_only_under_a_valid_limit() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind manual --price 10").done();
    ops.run("order create A-1 --product gift --merchant shop").done();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let limit = |change: &str| {
        format!(
            "UPDATE user_order SET status = 8, trade_status = 8, expires_at = created_at {change}, \
             paid_dtime = created_at + INTERVAL 3 HOUR"
        )
    };
    connection.batch_execute(&limit("- INTERVAL 8 HOUR")).unwrap();
    let told = ops.run("order show A-1").done().stdout;
    assert!(told.contains("does not count") && !told.contains(", late"), "{told}");
    assert!(!told.contains("its time to be paid ended"), "{told}");
    connection.batch_execute(&limit("+ INTERVAL 2 HOUR")).unwrap();
    assert!(ops.run("order show A-1").done().stdout.contains(", late"));
}

/// A merchant that gives its buyers nine hours means nine hours, and one that gives them two does not mean three: as
/// workers judge it.
#[test]
fn a_time_limit_is_judged_by_the_merchants_longest_time_to_pay() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox).with_shop();
    ops.run("product add gift --name Gift --kind manual --price 10").done();
    ops.run("order create A-1 --product gift --merchant shop").done();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let placed = "UPDATE user_order SET created_at = created_at - INTERVAL 10 HOUR";
    connection.batch_execute(placed).unwrap();
    let mut show = |hours: i32, longest: Option<&str>| {
        let limit = "UPDATE user_order SET expires_at = created_at + INTERVAL";
        connection.batch_execute(&format!("{limit} {hours} HOUR")).unwrap();
        let ops = Ops::new(&sandbox).with_shop();
        let ops = match longest {
            Some(longest) => ops.set("ALIPAY__MERCHANTS__SHOP__LONGEST_TIME_TO_PAY", longest),
            None => ops,
        };
        ops.run("order show A-1").done().stdout
    };
    for (hours, longest, counts) in
        [(9, None, false), (9, Some("1d"), true), (3, None, true), (3, Some("2h"), false)]
    {
        let told = show(hours, longest);
        let of = format!("{hours} h, at most {longest:?}: {told}");
        assert_eq!(told.contains("can be paid until"), counts, "{of}");
        assert_eq!(told.contains("does not count"), !counts, "{of}");
        assert_eq!(told.contains("its time to be paid ended"), counts, "{of}");
        assert_eq!(told.contains("not closed yet"), counts, "{of}");
    }
}

/// The order goes by the payment that came in time, and that payment waits for the gateway's word. A second payment that
/// is late is not why no goods went out.
#[test]
fn what_is_not_delivered_is_told_of_the_payment_that_the_order_goes_by() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind manual --price 10").done();
    ops.run("order create A-1 --product gift --merchant shop").done();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let rows = "INSERT INTO trade (order_id, trade_no, facts, refunded_fee) VALUES \
                ('A-1', 'T1', 'paid,to_be_confirmed', 0), ('A-1', 'T2', 'paid,paid_late', 0); \
                UPDATE user_order SET trade_no = 'T1', status = 8, trade_status = 8";
    connection.batch_execute(rows).unwrap();
    let told = ops.run("order show A-1").done().stdout;
    assert!(told.contains("requires the gateway's confirmation first"), "{told}");
    assert!(!told.contains("paid after the order's time limit"), "{told}");
    assert!(told.contains("goods go out when it says paid"), "{told}");
}

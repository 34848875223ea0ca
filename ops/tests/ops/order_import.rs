//! `ops order import`: all orders or none, no change the second time, every bad line is named.

use crate::orders::shop;
use serde_json::json;

const HEADING: &str = "id,merchant,product,total,created_at,delivered";

#[test]
fn a_file_is_imported_once_and_a_dry_run_writes_nothing() {
    let (_sandbox, ops) = shop();
    let mut file = format!("\u{feff}{HEADING},quantity,account,subject\r\n");
    for number in 0..2_500 {
        let delivered = if number % 2 == 0 { "yes" } else { "no" };
        file.push_str(&format!(
            "O-{number},shop,vip,{number}.01,2026-05-10 10:00:00,{delivered},2,ann,\"a, \"\"b\"\"\"\r\n"
        ));
    }
    let import = |more: &[&str]| {
        let arguments = [&["order", "import", "-", "--output", "json"][..], more].concat();
        ops.run_with(&arguments, file.as_bytes()).done().json()
    };
    let counts = |imported, unchanged, dry| json!({"orders": 2500, "imported": imported, "corrected": 0, "unchanged": unchanged, "dry_run": dry});
    assert_eq!(import(&["--dry-run"]), counts(2500, 0, true));
    ops.run("order show O-7").ended(1, "there is no order");
    assert_eq!(import(&[]), counts(2500, 0, false));
    let before = ops.json("order show O-2");
    assert_eq!(import(&[]), counts(0, 2500, false));
    assert_eq!(import(&["--dry-run"]), counts(0, 2500, true));
    assert_eq!(ops.json("order show O-2"), before);
    assert_eq!(before["created_at"], "2026-05-10T10:00:00+08:00");
    assert_eq!((&before["total_fee"], &before["quantity"]), (&json!(201), &json!(2)));
    assert_eq!((&before["subject"], &before["account"]), (&json!("a, \"b\""), &json!("ann")));
    assert_eq!((&before["status"], &before["is_send_goods"]), (&json!(0), &json!(true)));
    assert_eq!(before["fulfillment"]["is_imported"], true);
    assert_eq!(before["entitlement"]["days"], 60);
    let open = ops.json("order show O-3");
    assert_eq!((&open["fulfillment"], &open["expires_at"]), (&json!(null), &json!(null)));
    ops.run("audit --grace 0s").done();
}

#[test]
fn a_file_with_bad_lines_is_refused_and_each_line_is_named() {
    let (_sandbox, ops) = shop();
    let ops = ops.with_shop();
    let import = |lines: &str| {
        let file = format!("{HEADING},account\n{lines}");
        ops.run_with(&["order", "import", "-"], file.as_bytes())
    };
    let good = "A-1,shop,gift,10,2026-05-10 10:00:00,no,\n";
    for (line, said) in [
        (",shop,gift,10,2026-05-10 10:00:00,no,", "line 3: id \"\": it has 0 bytes"),
        (
            "B,shpo,gift,10,2026-05-10 10:00:00,no,",
            "line 3: merchant shpo is not configured (configured: shop)",
        ),
        ("B,shop,gitf,10,2026-05-10 10:00:00,no,", "line 3: there is no product gitf"),
        ("B,shop,gift,ten,2026-05-10 10:00:00,no,", "line 3: total \"ten\""),
        ("B,shop,gift,0.00,2026-05-10 10:00:00,no,", "line 3: the total is zero"),
        (
            "B,shop,gift,10,10/05/2026,no,",
            "line 3: created_at \"10/05/2026\": expected a Beijing time",
        ),
        ("B,shop,gift,10,2999-05-10 10:00:00,no,", "is in the future"),
        ("B,shop,gift,10,2026-05-10 10:00:00,,", "line 3: delivered \"\": yes or no"),
        ("B,shop,gift,10,2026-05-10 10:00:00,true,", "line 3: delivered \"true\": yes or no"),
        ("B,shop,gift,10,2026-05-10 10:00:00", "line 3: 5 values, the heading has 7"),
        (
            "B,shop,vip,10,2026-05-10 10:00:00,yes,",
            "line 3: a subscription that is delivered belongs to an account",
        ),
        ("\n\"B\",shop,gift,10,\"2026-05-10\n\",no,", "line 4: created_at"),
        ("A-1,shop,gift,10,2026-05-10 10:00:00,no,", "line 3: order A-1 is on line 2 already"),
        ("\"B,shop", "line 3: a quote has no end"),
    ] {
        import(&format!("{good}{line}\n")).ended(2, said);
    }
    let many = "B,shop,gift,10,2026-05-10 10:00:00,maybe,\n".repeat(30);
    import(&many).ended(2, "and 10 more");
    let gbk = [format!("{HEADING}\n").as_bytes(), b"\xb6\xa9\xb5\xa5"].concat();
    ops.run_with(&["order", "import", "-"], &gbk).ended(2, "line 2: not UTF-8");
    ops.run_with(&["order", "import", "-"], b"id;merchant\n").ended(2, "no column \"id;merchant\"");
    ops.run_with(&["order", "import", "-"], b"").ended(2, "the file is empty");
    ops.run("order import /nowhere.csv").ended(2, "/nowhere.csv");
    assert_eq!(ops.json("order list"), json!([]));
    // A file with only a heading imports nothing, and says so.
    let none = import("").done();
    assert!(none.stdout.contains("imported 0"), "{}", none.stdout);
}

#[test]
fn an_existing_order_that_differs_stops_the_whole_import() {
    let (_sandbox, ops) = shop();
    let import = |lines: &str| {
        let file = format!("{HEADING}\n{lines}\n");
        ops.run_with(&["order", "import", "-", "--output", "json"], file.as_bytes())
    };
    ops.run("order create A --merchant shop --product gift").done();
    for (line, said) in [
        ("A,other,gift,10.50,2026-05-10 10:00:00,no", "its merchant is \"shop\", not \"other\""),
        ("A,shop,gift,10,2026-05-10 10:00:00,no", "its total is \"10.50\", not \"10.00\""),
        ("A,shop,vip,10.50,2026-05-10 10:00:00,no", "its product is \"gift\", not \"vip\""),
    ] {
        let all = format!("NEW,shop,gift,1,2026-05-10 10:00:00,no\n{line}");
        import(&all).ended(1, &format!("line 3: order A is here already, and {said}"));
        ops.run("order show NEW").ended(1, "there is no order");
    }
    // Corrects the time of the import and what was delivered; a later import neither undoes nor repeats it.
    let right = import("A,shop,gift,10.50,2026-05-10 10:00:00,no").done().json();
    assert_eq!((&right["corrected"], &right["unchanged"]), (&json!(1), &json!(0)));
    assert_eq!(ops.json("order show A")["created_at"], "2026-05-10T10:00:00+08:00");
    let right = import("A,shop,gift,10.50,2026-05-10T02:00:00Z,yes").done().json();
    assert_eq!(right["corrected"], 1);
    assert_eq!(ops.json("order show A")["fulfillment"]["is_imported"], true);
    let again = import("A,shop,gift,10.50,2026-05-10 10:00:00,yes").done().json();
    assert_eq!(again["unchanged"], 1);
    import("A,shop,gift,10.50,2026-05-10 10:00:00,no").ended(1, "was imported as delivered");
    import("A,shop,gift,10.50,2026-05-11 10:00:00,yes").ended(1, "which is before 2026-05-11");

    // One order by flags.
    let old =
        "order create B --merchant shop --product gift --created-at 2026-05-10T10:00:00+08:00";
    let created = ops.json(&format!("{old} --delivered --total 9.90"));
    assert_eq!((&created["total_fee"], &created["is_send_goods"]), (&json!(990), &json!(true)));
    assert_eq!(ops.json(&format!("{old} --delivered --total 9.90")), created);
    ops.run(old).ended(1, "its total is \"9.90\", not \"10.50\"");
    ops.run("order create C --merchant shop --product gift --delivered").ended(2, "--created-at");
    ops.run("order create C --merchant shop --product gift --total 1").ended(2, "--created-at");
    ops.run(&format!("{old} --expires-after 1h")).ended(2, "cannot be used with");
    ops.run("order create C --merchant shop --product gift --created-at 7d")
        .ended(2, "Beijing time");
}

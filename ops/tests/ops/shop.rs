//! migrate, product, stock.

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use serde_json::json;
use testkit::Sandbox;

use crate::program::{NOBODY, Ops};

#[test]
fn a_second_migrate_changes_nothing() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::new(&sandbox);
    let first = ops.run("migrate").done();
    assert!(first.stdout.starts_with("ran "), "{}", first.stdout);
    assert_eq!(ops.run("migrate").done().stdout, "nothing was pending\n");
    assert_eq!(ops.json("migrate"), json!({ "ran": [] }));
}

#[test]
fn exit_code_3_when_servers_or_schema_are_missing() {
    let nowhere = Ops::at(NOBODY.0, NOBODY.1);
    for arguments in ["migrate", "order list", "order show A", "dlq list", "status", "audit"] {
        let answer = nowhere.run(arguments).ended(3, "");
        assert!(!answer.stderr.contains("guest:guest"), "a password on stderr: {}", answer.stderr);
    }
    let sandbox = Sandbox::database_only();
    Ops::new(&sandbox).run("product list").ended(3, "ops migrate");
}

#[test]
fn exit_code_2_for_wrong_usage_and_configuration() {
    let nowhere = Ops::at(NOBODY.0, NOBODY.1);
    nowhere.run("").ended(2, "Usage");
    nowhere.run("order list --status 9").ended(2, "expected one of");
    nowhere.run("dlq replay").ended(2, "--all");
    nowhere.run("dlq replay --all x").ended(2, "cannot be used with");
    nowhere.run("dlq replay --all --reason x").ended(2, "cannot be used with");
    nowhere.run("dlq discard x").ended(2, "--reason");
    nowhere.run("--config /nonexistent migrate").ended(2, "/nonexistent");
    nowhere.run("migrate --config /nonexistent").ended(2, "/nonexistent");
    nowhere.set("ALIPAY__INGRESS__LISTN", "x").run("migrate").ended(2, "ingress.listn");
}

#[test]
fn every_verb_has_a_help_text_with_an_example() {
    let nowhere = Ops::at(NOBODY.0, NOBODY.1);
    for verb in [
        "migrate",
        "topology plan",
        "topology apply",
        "product add",
        "product list",
        "stock import",
        "stock list",
        "stock withdraw",
        "stock withdrawals",
        "check",
        "stock put-back",
        "stock resell",
        "product set",
        "order create",
        "order show",
        "order list",
        "verify",
        "dlq list",
        "dlq show",
        "dlq replay",
        "dlq discard",
        "dlq history",
        "review list",
        "review show",
        "review decide",
        "query",
        "reconcile",
        "status",
        "audit",
    ] {
        let help = nowhere.run(&format!("{verb} --help")).done().stdout;
        assert!(help.contains(&format!("Example: ops {verb}")), "{help}");
    }
}

#[test]
fn products_are_added_listed_and_changed() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    let name = ["product", "add", "gift", "--name", "Gift card", "--kind", "stock", "--price"];
    let added = ops.run_with(&[&name[..], &["99.50", "--output", "json"]].concat(), b"").done();
    let gift = json!({
        "id": "gift", "name": "Gift card", "kind": "stock", "price": 9950, "days": null,
        "low_stock": null, "on_sale": true
    });
    assert_eq!(added.json(), gift);
    ops.run_with(&[&name[..], &["1"]].concat(), b"").ended(1, "a product gift already");
    for price in ["0", "-1", "1.234", "1e3", "x"] {
        ops.run_with(&[&name[..], &[price]].concat(), b"").ended(2, "");
    }
    ops.run("product add vip --name VIP --kind subscription --price 5").ended(2, "--days");
    ops.run("product add vip --name VIP --kind manual --price 5 --days 3").ended(2, "--days");
    ops.run("product add vip --name VIP --kind subscription --price 5 --days 30").done();
    let vip = json!({
        "id": "vip", "name": "VIP", "kind": "subscription", "price": 500, "days": 30,
        "low_stock": null, "on_sale": true
    });
    let stock = json!({
        "product_id": "gift", "name": "Gift card", "available": 0, "delivered": 0, "returned": 0,
        "waiting_orders": 0, "waiting_units": 0, "low_stock": null, "on_sale": true
    });
    let mut gift = gift;
    gift["stock"] = stock;
    assert_eq!(ops.json("product list"), json!([gift, vip]));
    let table = ops.run("product list").done().stdout;
    assert!(table.contains("99.50") && table.contains("Gift card"), "{table}");
}

#[test]
fn each_code_is_imported_once_and_bad_files_are_refused() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run("product add hand --name Hand --kind manual --price 10").done();
    // The charset of codes must not depend on that of the schema.
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let latin1 = format!("ALTER DATABASE {} CHARACTER SET latin1", sandbox.name());
    connection.batch_execute(&latin1).unwrap();
    let import = |product: &str, bytes: &[u8]| {
        let arguments = ["stock", "import", product, "--file", "-", "--output", "json"];
        ops.run_with(&arguments, bytes)
    };

    let codes = "\u{feff}A\r\n\r\n\"B\\\u{1F600}\n  C\t1 \nA\n";
    let first = import("gift", codes.as_bytes()).done().json();
    assert_eq!(first["imported"], 3);
    assert_eq!(first["already_there"], 0);
    assert_eq!(first["repeated_line_numbers"], json!([5]));
    assert_eq!(first["blank_lines"], 1);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("codes.txt");
    std::fs::write(&file, "D\n\"B\\\u{1F600}").unwrap();
    let file = file.to_str().unwrap();
    let second = ops.run(&format!("stock import gift --file {file}")).done().stdout;
    assert!(second.starts_with("imported 1, already there 1\n"), "{second}");
    assert!(second.contains("already there: \"B\\\u{1F600}\n"), "{second}");

    let bad = import("gift", b"E\n\xb2\xe2\nF\n").ended(2, "line 2: not UTF-8");
    assert!(bad.stderr.contains("nothing was imported"), "{}", bad.stderr);
    import("nothing", b"E\n").ended(1, "there is no product nothing");
    import("hand", b"E\n").ended(1, "is of kind manual");
    ops.run("stock import gift --file /nonexistent").ended(2, "/nonexistent");

    assert_eq!(
        ops.json("stock list"),
        json!([{
            "product_id": "gift", "name": "Gift", "available": 4, "delivered": 0, "returned": 0,
            "waiting_orders": 0, "waiting_units": 0, "low_stock": null, "on_sale": true
        }])
    );
}

#[test]
fn large_imports_are_chunked_and_can_be_repeated() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    let folder = tempfile::tempdir().unwrap();
    let import = |name: &str, numbers: std::ops::Range<u32>| {
        let file = folder.path().join(name);
        let codes: Vec<String> = numbers.map(|number| format!("CODE-{number:06}")).collect();
        std::fs::write(&file, codes.join("\r\n")).unwrap();
        ops.json(&format!("stock import gift --file {}", file.display()))
    };
    assert_eq!(import("a", 0..4_500)["imported"], 4_500);
    let overlapping = import("b", 2_000..7_000);
    assert_eq!(
        (&overlapping["imported"], &overlapping["already_there"]),
        (&json!(2_500), &json!(2_500))
    );
    assert_eq!(overlapping["already_there_codes"].as_array().unwrap().len(), 10);

    // Two imports at once: only one of them counts a code as new.
    let counts = std::thread::scope(|scope| {
        let both = ["c", "d"].map(|name| scope.spawn(move || import(name, 7_000..13_000)));
        both.map(|import| import.join().unwrap()["imported"].as_u64().unwrap())
    });
    assert_eq!(counts.iter().sum::<u64>(), 6_000, "{counts:?}");
    assert_eq!(ops.json("stock list")[0]["available"], 13_000);
}

#[test]
fn only_available_codes_are_withdrawn() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    let add = "product add gift --name Gift --kind stock --price 10 --low-stock 3";
    ops.run(add).done();
    ops.run("product add hand --name Hand --kind manual --price 10 --low-stock 3")
        .ended(2, "stock");
    // The last one is unlike the others.
    let codes = ["stock", "import", "gift", "--file", "-", "--yes"];
    ops.run_with(&codes, "A\nB\nC\nD\n\u{1F600}\"x\n".as_bytes()).done();
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    ops.run("order create O-1 --merchant shop --product gift").done();
    let give = "UPDATE stock_item SET state = 'delivered', order_id = 'O-1' WHERE code = 'A'";
    diesel::sql_query(give).execute(&mut connection).unwrap();

    let withdraw = |arguments: &[&str]| {
        let all = [&["stock", "withdraw"], arguments, &["--output", "json"]].concat();
        ops.run_with(&all, b"")
    };
    let some = ["gift", "--code", "B", "--code", "\u{1F600}\"x", "--code", "A", "--code", "Z"];
    let answer = withdraw(&some).ended(1, "not available: A, Z").json();
    assert_eq!(answer["withdrawn"].as_array().unwrap().len(), 2, "{answer}");
    assert_eq!(answer["not_available"], json!(["A", "Z"]));
    let level = || ops.json("stock list")[0].clone();
    assert_eq!((&level()["available"], &level()["delivered"]), (&json!(2), &json!(1)));
    assert_eq!(withdraw(&["gift", "--count", "1"]).done().json()["withdrawn"], json!(["D"]));
    assert_eq!(
        ops.run("stock withdraw gift --count 9").ended(1, "only 1 code was available").stdout,
        "C\n"
    );
    withdraw(&["nothing", "--count", "1"]).ended(1, "there is no product nothing");
    withdraw(&["gift"]).ended(2, "--count");
    withdraw(&["gift", "--count", "1", "--code", "A"]).ended(2, "cannot be used with");

    let text = ops.run("stock list").done().stdout;
    assert!(text.contains("low"), "{text}");
    assert_eq!(ops.json("product set gift --low-stock 0")["low_stock"], json!(null));
    assert_eq!(level()["low_stock"], json!(null));
    ops.run("product set gift --low-stock 5").done();
    ops.run("product set gift --low-stock 5").done();
    assert_eq!(level()["low_stock"], 5);
    assert_eq!(ops.json("product list")[0]["stock"]["delivered"], 1);
    ops.run("product set hand --low-stock 5").ended(1, "there is no product hand");
}

/// The schema of the previous version, as far as this program can see.
#[test]
fn an_older_schema_is_recognised() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox);
    ops.run("stock list").done();
    let mut database = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let older = "ALTER TABLE product DROP COLUMN low_stock";
    diesel::sql_query(older).execute(&mut database).unwrap();
    let said = ops.run("stock list").ended(3, "Unknown column 'p.low_stock'").stderr;
    assert!(said.contains("ops migrate"), "{said}");
}

#[test]
fn completions_and_manual_pages_need_no_configuration() {
    let nowhere = Ops::at("", "").set("ALIPAY__INGRESS__LISTN", "x");
    for (shell, holds) in [("bash", "_ops()"), ("zsh", "#compdef ops"), ("fish", "complete -c ops")]
    {
        let script = nowhere.run(&format!("completions {shell}")).done().stdout;
        assert!(script.contains(holds) && script.contains("reconcile"), "{shell}");
    }
    nowhere.run("completions tcsh").ended(2, "bash");
    let page = nowhere.run("man").done().stdout;
    assert!(page.starts_with(".ie") && page.contains("Exit codes"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("man1");
    nowhere.run(&format!("man {}", there.display())).done();
    for (page, holds) in
        [("ops.1", "ops"), ("ops-dlq-replay.1", "dry"), ("ops-review-decide.1", "note")]
    {
        let text = std::fs::read_to_string(there.join(page)).expect(page);
        assert!(text.contains(".TH") && text.contains(holds), "{page}");
    }
    // The page of `ops dlq` covers `ops help dlq`.
    let pages = std::fs::read_dir(&there).unwrap();
    let names: Vec<_> =
        pages.map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.len() > 40 && names.iter().all(|name| !name.contains("help")), "{names:?}");
    nowhere.run("man /proc/nothing").ended(2, "/proc/nothing");
}

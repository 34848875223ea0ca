//! Stock: code files of every kind, withdrawals, and codes that are sold again.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use diesel::prelude::*;
use diesel::sql_query;
use serde_json::{Value, json};
use testkit::Sandbox;

use crate::program::{Answer, Ops};

/// A schema with two products of codes, and a folder for files.
struct Stock {
    ops: Ops,
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Stock {
    fn new() -> Stock {
        let sandbox = Sandbox::database_only();
        let ops = Ops::with_schema(&sandbox);
        for id in ["gift", "other"] {
            ops.run(&format!("product add {id} --name Gift --kind stock --price 10")).done();
        }
        Stock { ops, sandbox, folder: tempfile::tempdir().unwrap() }
    }

    fn import(&self, product: &str, bytes: &[u8], options: &[&str]) -> Answer {
        let import = ["stock", "import", product, "--file", "-", "--output", "json"];
        self.ops.run_with(&[&import[..], options].concat(), bytes)
    }

    /// Withdraws all codes and returns the printed bytes.
    fn withdrawn(&self, product: &str) -> String {
        let count = self.available(product).to_string();
        self.ops.run(&format!("stock withdraw {product} --count {count}")).done().stdout
    }

    fn available(&self, product: &str) -> u64 {
        let levels = self.ops.json("stock list");
        let levels = levels.as_array().unwrap().iter();
        let level = levels.clone().find(|level| level["product_id"] == product).unwrap();
        level["available"].as_u64().unwrap()
    }

    fn database(&self) -> store::Connection {
        store::Pool::new(&self.sandbox.database_url, 1).get().unwrap()
    }

    /// Delivers a code to a new order and takes it back.
    fn returned(&self, order: &str, code: &str) {
        self.ops.run(&format!("order create {order} --merchant shop --product gift")).done();
        let taken_back = "UPDATE stock_item SET state = 'returned', order_id = ? WHERE code = ?";
        sql_query(taken_back)
            .bind::<diesel::sql_types::Text, _>(order)
            .bind::<diesel::sql_types::Text, _>(code)
            .execute(&mut self.database())
            .unwrap();
    }
}

/// The files of issue 14: three codes of Excel on a Mac were one, marks and blanks were part of codes.
#[test]
fn code_files_of_all_encodings_are_read_or_refused_by_line() {
    let stock = Stock::new();
    let case = |name: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mac = stock.import("gift", &case("mac-excel-cr.txt"), &[]).done().json();
    assert_eq!(mac["imported"], 3);
    assert_eq!(stock.withdrawn("gift"), "AAAA-0001\nAAAA-0002\nAAAA-0003\n");

    let marks = case("two-files-with-bom.txt");
    let refused = stock.import("gift", &marks, &[]).ended(2, "line 2: holds U+FEFF");
    assert!(refused.stderr.contains("nothing was imported"), "{}", refused.stderr);
    let removed = stock.import("gift", &marks, &["--invisible", "remove"]).done().json();
    assert_eq!((&removed["imported"], &removed["repeated_lines"]), (&json!(2), &json!(1)));
    assert_eq!(stock.withdrawn("gift"), "AAAA-0004\nAAAA-0005\n");

    let copied = case("copied-from-a-page.txt");
    let refused =
        stock.import("gift", &copied, &[]).ended(2, "line 1: holds U+200B (zero width space)");
    for says in [
        "line 2: holds U+00A0 (no-break space)",
        "line 3: holds U+2028 (line separator)",
        "line 4: holds U+000C",
    ] {
        assert!(refused.stderr.contains(says), "{says}: {}", refused.stderr);
    }
    // What separates lines is never part of a code.
    stock.import("gift", &copied, &["--invisible", "remove"]).ended(2, "line 3: holds U+2028");
    stock.import("gift", &copied, &["--invisible", "keep"]).ended(2, "line 3: holds U+2028");

    let utf16: Vec<u8> = "\u{feff}AAAA-1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    stock.import("gift", &utf16, &[]).ended(2, "iconv -f UTF-16 -t UTF-8");
    let gbk = b"\xbf\xa8\xba\xc51,1\n\xbf\xa8\xba\xc52,2\n";
    stock.import("gift", gbk, &[]).ended(2, "iconv -f GB18030 -t UTF-8");
    stock.import("gift", b"PK\x03\x04\x14\0", &[]).ended(2, "Excel");
    assert_eq!(stock.available("gift"), 0);
}

#[test]
fn pairs_and_tabs_survive_import_withdraw_import() {
    let stock = Stock::new();
    for file in [
        "t1@example.com\tpass1\nt2@example.com\tpass2\nt3@example.com\tpass3\n",
        "a@example.com,\"p,1\"\nb@example.com,p\\t2\nc@example.com,p'3\n",
        "user1----pw1\nuser2----pw2\n",
        "卡号001　密码001\n卡号002　密码002\n",
        "https://example.com/c?a=1&b=%20\nhttps://example.com/c?a=2&b=\\u0041\n",
    ] {
        for _ in 0..2 {
            stock.import("gift", file.as_bytes(), &[]).done();
            assert_eq!(stock.withdrawn("gift"), file);
        }
    }
    let kept = "A\u{200d}B1\nC\u{200d}D2\n";
    stock.import("gift", kept.as_bytes(), &["--invisible", "keep"]).done();
    assert_eq!(stock.withdrawn("gift"), kept);
}

#[test]
fn a_heading_line_in_a_code_file_needs_confirmation() {
    let stock = Stock::new();
    let file = "card no\tpassword\nA-0001\tp1\nA-0002\tp2\nA-0003\t\n".as_bytes();
    let dry = stock.import("gift", file, &["--dry-run"]).ended(1, "use --yes");
    let dry = dry.json();
    assert_eq!(
        (&dry["odd_lines"], &dry["new_codes"], &dry["imported"]),
        (&json!(2), &json!(4), &json!(0))
    );
    assert_eq!(dry["odd"][0]["line"], 1);
    assert!(dry["odd"][0]["why"].as_str().unwrap().contains("heading"), "{dry}");
    assert!(dry["odd"][1]["why"].as_str().unwrap().contains("empty field"), "{dry}");
    let refused = stock.import("gift", file, &[]).ended(1, "2 lines look like no codes");
    assert_eq!(refused.json()["imported"], 0);
    assert_eq!(stock.available("gift"), 0);
    assert_eq!(stock.import("gift", file, &["--yes", "--dry-run"]).done().json()["new_codes"], 4);
    assert_eq!(stock.available("gift"), 0);
    assert_eq!(stock.import("gift", file, &["--yes"]).done().json()["imported"], 4);
    // Lines that were confirmed need no confirmation again.
    let more = [file, b"A-0004\tp4\n"].concat();
    assert_eq!(stock.import("gift", &more, &[]).done().json()["imported"], 1);
    let text = stock
        .ops
        .run_with(&["stock", "import", "gift", "--file", "-", "--dry-run"], b"code\nA-0009\tp9\n");
    let text = text.ended(1, "use --yes").stdout;
    assert!(text.starts_with("would import 2, already there 0\n"), "{text}");
    assert!(text.contains("line 1: looks like a heading: code"), "{text}");
}

#[test]
fn a_code_of_another_product_is_not_sold_twice() {
    let stock = Stock::new();
    stock.import("gift", b"A-1\nA-2\nA-3\n", &[]).done();
    let refused =
        stock.import("other", b"B-1\nA-2\nA-3\n", &[]).ended(1, "product gift or others have 2");
    let told = refused.json();
    assert_eq!((&told["imported"], &told["in_other_products"]), (&json!(0), &json!(2)));
    assert_eq!(
        told["in_other_products_codes"][0],
        json!({ "line": 2, "code": "A-2", "product_id": "gift" })
    );
    assert_eq!(stock.available("other"), 0);
    stock.import("other", b"B-1\nA-2\n", &["--dry-run"]).ended(1, "--also-in-other-products");
    let both = stock.import("other", b"B-1\nA-2\n", &["--also-in-other-products"]).done().json();
    assert_eq!(both["imported"], 2);
    // Also a code that is with a buyer or came back.
    stock.returned("O-1", "A-1");
    stock.import("other", b"A-1\n", &[]).ended(1, "--also-in-other-products");
    // Codes that were withdrawn from one product can be imported into another one.
    stock.ops.run("stock withdraw gift --code A-3").done();
    assert_eq!(stock.import("other", b"A-3\n", &[]).done().json()["imported"], 1);
}

/// Of two imports at once, one finds the codes that the other has imported.
#[test]
fn two_imports_at_once_do_not_sell_a_code_twice() {
    let stock = Stock::new();
    let codes: String = (0..6_000).map(|number| format!("CODE-{number:06}\n")).collect();
    let file = stock.folder.path().join("codes.txt");
    fs::write(&file, codes).unwrap();
    let import = |product: &str| {
        stock.ops.run(&format!("stock import {product} --file {}", file.display())).code
    };
    let mut codes = std::thread::scope(|scope| {
        let both = ["gift", "other"].map(|product| scope.spawn(move || import(product)));
        both.map(|import| import.join().unwrap())
    });
    codes.sort_unstable();
    assert_eq!(codes, [0, 1]);
    assert_eq!(stock.available("gift") + stock.available("other"), 6_000);
}

#[test]
fn an_import_killed_half_way_imports_nothing() {
    let stock = Stock::new();
    let file = stock.folder.path().join("codes.txt");
    let codes: String = (0..100_000).map(|number| format!("CODE-{number:06}\r\n")).collect();
    fs::write(&file, codes).unwrap();
    let arguments = ["stock", "import", "gift", "--file", file.to_str().unwrap()];
    let died = Command::new(env!("CARGO_BIN_EXE_ops"))
        .args(arguments)
        .env("DATABASE_URL", &stock.sandbox.database_url)
        .env("CRASH_POINT", "stock_import.after_chunk:49")
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(died.code(), None, "it must die of a signal");
    assert_eq!(stock.available("gift"), 0);
    let again = stock.ops.run_with(&arguments, b"").done().stdout;
    assert_eq!(again, "imported 100000, already there 0\n");
    assert_eq!(stock.available("gift"), 100_000);
}

#[test]
fn long_codes_are_sold_up_to_8192_bytes() {
    let stock = Stock::new();
    // A licence file of 4 KB in base64, one that differs in its last byte, and the longest.
    let long = |length: usize, last: char| format!("{}{last}", "L".repeat(length - 1));
    let file = format!("{}\n{}\n{}\n", long(5464, 'A'), long(5464, 'B'), long(8192, 'C'));
    assert_eq!(stock.import("gift", file.as_bytes(), &[]).done().json()["imported"], 3);
    let again = stock.import("gift", file.as_bytes(), &[]).done().json();
    assert_eq!((&again["imported"], &again["already_there"]), (&json!(0), &json!(3)));
    stock.import("other", long(5464, 'B').as_bytes(), &[]).ended(1, "--also-in-other-products");
    stock.import("gift", long(8193, 'D').as_bytes(), &[]).ended(2, "a code has at most 8192");
    let one = stock.ops.run_with(&["stock", "withdraw", "gift", "--code", &long(5464, 'B')], b"");
    assert_eq!(one.done().stdout, format!("{}\n", long(5464, 'B')));
    assert_eq!(stock.available("gift"), 2);
}

#[test]
fn a_withdrawal_is_recorded_and_can_be_shown_again() {
    let stock = Stock::new();
    let codes = "A-1\tx\nA-2\ty\nA-3\tz\n";
    stock.import("gift", codes.as_bytes(), &[]).done();
    let arguments = [
        "stock",
        "withdraw",
        "gift",
        "--count",
        "2",
        "--by",
        "ann",
        "--reason",
        "moved to the town shop",
    ];
    let taken = stock.ops.run_with(&arguments, b"").ended(0, "withdrawal 1: 2 codes");
    assert_eq!(taken.stdout, "A-2\ty\nA-3\tz\n");
    let list = stock.ops.json("stock withdrawals");
    let row = &list[0];
    assert_eq!(
        (
            &row["id"],
            &row["product_id"],
            &row["codes"],
            &row["taken_by"],
            &row["reason"],
            &row["put_back_at"]
        ),
        (
            &json!(1),
            &json!("gift"),
            &json!(2),
            &json!("ann"),
            &json!("moved to the town shop"),
            &Value::Null
        )
    );
    assert!(row["taken_at"].is_string(), "{row}");
    assert!(stock.ops.run("stock withdrawals").done().stdout.contains("moved to the town shop"));
    assert_eq!(stock.ops.json("stock withdrawals --product other"), json!([]));
    assert_eq!(stock.ops.run("stock withdraw --again 1").done().stdout, "A-2\ty\nA-3\tz\n");
    assert_eq!(
        stock.ops.json("stock withdraw --again 1")["withdrawn"],
        json!(["A-2\ty", "A-3\tz"])
    );
    stock.ops.run("stock withdraw --again 7").ended(1, "there is no withdrawal 7");
    stock.ops.run("stock withdraw gift --again 1").ended(2, "cannot be used with");
    stock.ops.run("stock withdraw gift --code Z").ended(1, "not available: Z");
    assert_eq!(stock.ops.json("stock withdrawals").as_array().unwrap().len(), 1);

    // A-2 came back by an import meanwhile.
    stock.import("gift", b"A-2\ty\n", &[]).done();
    let back =
        ["stock", "put-back", "1", "--by", "li", "--reason", "not needed", "--output", "json"];
    let back = stock.ops.run_with(&back, b"").done().json();
    assert_eq!((&back["put_back"], &back["already_there"]), (&json!(1), &json!(1)));
    assert_eq!(stock.available("gift"), 3);
    assert_eq!(stock.ops.json("stock withdrawals")[0]["put_back_by"], "li");
    stock.ops.run("stock put-back 1 --by li").ended(1, "was put back at");
    stock.ops.run("stock put-back 9 --by li").ended(1, "there is no withdrawal 9");

    stock.ops.run_with(&["stock", "withdraw", "gift", "--code", "A-1\tx"], b"").done();
    stock.import("other", b"A-1\tx\n", &[]).done();
    stock.ops.run("stock put-back 2 --by li").ended(1, "--also-in-other-products");
    stock.ops.run("stock put-back 2 --by li --also-in-other-products").done();
    assert_eq!(stock.available("gift"), 3);
}

/// A full disk or a closed pipe must not lose withdrawn codes.
#[test]
fn a_withdrawal_is_recorded_even_if_its_output_is_lost() {
    let stock = Stock::new();
    stock.import("gift", b"A-1\nA-2\nA-3\nA-4\nA-5\nA-6\n", &[]).done();
    let withdraw = |stdout: Stdio, options: &[&str], crash: &str| {
        let child = Command::new(env!("CARGO_BIN_EXE_ops"))
            .args([&["stock", "withdraw", "gift", "--count", "1"], options].concat())
            .env("DATABASE_URL", &stock.sandbox.database_url)
            .env("CRASH_POINT", crash)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    for (id, (code, said)) in [
        (1, withdraw(full(), &[], "")),
        (2, withdraw(closed(), &[], "")),
        (3, withdraw(full(), &["--output", "json"], "")),
        (4, withdraw(closed(), &["--output", "json"], "")),
    ] {
        assert_eq!(code, Some(3), "{said}");
        let again = format!("ops stock withdraw --again {id}");
        assert!(said.contains(&again) && said.contains("put-back"), "{said}");
        let codes = stock.ops.run(&again[4..]).done().stdout;
        assert_eq!(codes, format!("A-{}\n", 7 - id));
    }
    let (code, _) = withdraw(Stdio::null(), &[], "stock_withdraw.recorded");
    assert_eq!(code, None, "it must die of a signal");
    assert_eq!(stock.ops.run("stock withdraw --again 5").done().stdout, "A-2\n");
    assert_eq!(stock.available("gift"), 1);
    for id in 1..=5 {
        stock.ops.run(&format!("stock put-back {id} --by li")).done();
    }
    assert_eq!(stock.available("gift"), 6);
}

#[test]
fn a_returned_code_is_sold_again_after_put_back() {
    let stock = Stock::new();
    stock.import("gift", b"A-1\nA-2\nA-3\nA-4\n", &[]).done();
    for (order, code) in [("O-1", "A-1"), ("O-2", "A-2"), ("O-3", "A-3")] {
        stock.returned(order, code);
    }
    let resell = |arguments: &[&str]| {
        let all =
            [&["stock", "resell", "gift", "--by", "ann", "--output", "json"], arguments].concat();
        stock.ops.run_with(&all, b"")
    };
    resell(&["--code", "A-1"]).ended(2, "--reason");
    resell(&["--code", "A-1", "--reason", " "]).ended(2, "--reason");
    let reason = ["--reason", "the issuer says: unused"];
    let some = resell(&[&["--code", "A-1", "--code", "A-4", "--code", "Z"], &reason[..]].concat());
    let some = some.ended(1, "not a returned code of gift: A-4, Z").json();
    assert_eq!((&some["resold"], &some["not_returned"]), (&json!(["A-1"]), &json!(["A-4", "Z"])));
    let order = resell(&[&["--order", "O-2"], &reason[..]].concat()).done().json();
    assert_eq!(order["resold"], json!(["A-2"]));
    resell(&[&["--order", "O-2"], &reason[..]].concat())
        .ended(1, "order O-2 has no returned codes");
    assert_eq!(stock.available("gift"), 3);
    let shown = stock.ops.json("order show O-1");
    assert_eq!(shown["goods"], json!([{ "code": "A-1", "state": "resold" }]));
    let rows: i64 = {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let recorded = "SELECT COUNT(*) AS count FROM stock_resale WHERE done_by = 'ann' AND order_id IN ('O-1', 'O-2') \
                        AND reason = 'the issuer says: unused'";
        sql_query(recorded).get_result::<Count>(&mut stock.database()).unwrap().count
    };
    assert_eq!(rows, 2);
}

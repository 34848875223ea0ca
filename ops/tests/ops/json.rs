//! The JSON of the verbs is a contract: scripts read it.

use testkit::Sandbox;

use crate::program::Ops;
use crate::snapshot::assert_as_recorded;

#[test]
fn the_json_of_the_verbs_is_as_recorded() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::new(&sandbox).set("USER", "ann");
    let mut recorded = String::new();
    let mut record = |arguments: &str, stdin: &str| {
        let all: Vec<&str> = arguments.split(' ').chain(["--output", "json"]).collect();
        let answer = ops.run_with(&all, stdin.as_bytes());
        recorded.push_str(&format!("===== ops {arguments} ({})\n{}\n", answer.code, answer.stdout));
    };
    ops.run("migrate").done();
    for arguments in [
        "migrate",
        "product add gift --name Gift --kind stock --price 10 --low-stock 2",
        "product add vip --name VIP --kind subscription --price 5 --days 30",
        "product set gift --price 12.50 --on-sale yes",
    ] {
        record(arguments, "");
    }
    record("stock import gift --file - --dry-run", "CODE-1\nCODE-2\n");
    record("stock import gift --file -", "CODE-1\nCODE-2\nCODE-3\nCODE-3\n");
    record(
        "order import - --dry-run",
        "id,merchant,product,total,created_at,delivered\nOLD-1,shop,gift,10,2026-05-10 10:00:00,no\n",
    );
    for arguments in [
        "order create A-1 --merchant shop --product gift --quantity 2 --expires-after 30m",
        "order create A-2 --merchant shop --product vip",
        "order account A-2 li@example.com",
        "order list --merchant shop",
        "order show A-1",
        "order show NOWHERE",
        "product list",
        "stock list",
        "stock withdraw gift --code CODE-1 --code CODE-9 --reason damaged",
        "stock withdrawals",
        "stock put-back 1 --reason found",
        "stock resell gift --code CODE-2 --reason unused",
        "refund-requests",
        "retries list --all",
        "retries forget 96d9659f42984a70ad20dd1473db12b4766d8fbe9fbb58f483380275d20146be",
        "review list --all",
        "dlq history",
        "audit",
        "prune --dry-run",
        "certs",
    ] {
        record(arguments, "");
    }
    assert_as_recorded("json", &recorded);
}
